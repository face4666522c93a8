import { declareFaults } from '../../../kernel/faults.ts'
import type { Refusal } from './ticket-row.ts'

export const slaFault = declareFaults({
  'sla.ticket_not_found': 404,
  'sla.alert_not_found': 404,
  'sla.change_refused': 409,
})

export const slaTicketNotFound = () =>
  slaFault('sla.ticket_not_found', {
    public: 'There is no such ticket in this tenant.',
    internal: 'no ticket with that id',
  })

export const alertNotFound = () =>
  slaFault('sla.alert_not_found', {
    public: 'There is no such alert in this tenant.',
    internal: 'no signal of a clock with that id',
  })

export const changeRefused = ({ code, field, message }: Refusal) =>
  slaFault('sla.change_refused', {
    public: `The ticket was not changed: ${field} ${message}.`,
    internal: `change of a ticket refused: ${code} ${field}`,
  })

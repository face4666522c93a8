import { declareFaults } from '../../../kernel/faults.ts'

export const ticketFault = declareFaults({ 'tickets.not_found': 404, 'tickets.not_corrected': 409 })

export const ticketNotFound = () =>
  ticketFault('tickets.not_found', {
    public: 'There is no such ticket in this tenant.',
    internal: 'no ticket with that id',
  })

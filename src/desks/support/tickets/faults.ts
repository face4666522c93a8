import { declareFaults } from '../../../kernel/faults.ts'

export const ticketFault = declareFaults({ 'tickets.not_found': 404 })

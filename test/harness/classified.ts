import type { ClassifiedTicket, DeliveredTicket } from '../../src/desks/support/tickets/index.ts'

/** A ticket that no rule says anything about, or what `judgement` says. */
export const classified = (ticket: DeliveredTicket, judgement: Partial<ClassifiedTicket> = {}): ClassifiedTicket => ({
  ...{ urgency: 'low', sentiment: 'neutral', requires_action: false, language: null },
  ...{ keywords: [], rule_version: 'of this test', matches: [], compared_at: null },
  ...ticket,
  ...judgement,
})

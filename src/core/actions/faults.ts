import { declareFaults } from '../../kernel/faults.ts'

export const actionFault = declareFaults({
  'actions.unknown': 404,
  'actions.receipt_not_found': 404,
  'actions.confirmation_needed': 409,
  'actions.token_invalid': 422,
  'actions.token_expired': 409,
  'actions.token_used': 409,
  'actions.plan_differs': 422,
  'actions.state_changed': 409,
  'actions.changed_meanwhile': 409,
  'actions.not_for_assistants': 403,
  'actions.limit_reached': 429,
  'actions.too_large': 422,
  'actions.not_undoable': 409,
})

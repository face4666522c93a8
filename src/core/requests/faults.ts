import { declareFaults } from '../../kernel/faults.ts'

export const requestFault = declareFaults({
  'requests.secret_not_found': 404,
  'requests.too_many_secrets': 409,
  // Found in the error of a task, never as an answer.
  'requests.secret_unusable': 500,
  'requests.refused_address': 500,
  'requests.failed': 500,
  'requests.refused': 500,
})

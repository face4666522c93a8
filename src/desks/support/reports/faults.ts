import { declareFaults } from '../../../kernel/faults.ts'

export const reportFault = declareFaults({
  'reports.not_ready': 409,
  'reports.gone': 410,
  // Found in the error of a task, never as an answer.
  'reports.too_large': 500,
})

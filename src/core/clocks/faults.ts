import { declareFaults } from '../../kernel/faults.ts'

export const clockFault = declareFaults({
  'clocks.no_open_time': 422,
  'clocks.out_of_range': 422,
})

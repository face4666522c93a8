import { describe } from 'vitest'
import { describeChanges } from './contract/changes.ts'
import { describeTicketList } from './contract/list.ts'
import { describeNotify } from './contract/notify.ts'
import { describeRateLimit } from './contract/rate-limit.ts'
import type { StartProvider } from './contract/under-contract.ts'

/** The external helpdesk's contract, odd corners included, told as tests that know nothing but its address. */
export function describeProviderContract(name: string, start: StartProvider): void {
  describe(name, () => {
    describeTicketList(start)
    describeChanges(start)
    describeRateLimit(start)
    describeNotify(start)
  })
}

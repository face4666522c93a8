import { describe } from 'vitest'
import { describeChanges } from './contract/changes.ts'
import { describeTicketList } from './contract/list.ts'
import { describeNotify } from './contract/notify.ts'
import { describeRateLimit } from './contract/rate-limit.ts'

/** A running helpdesk that is to keep the contract. */
export type ProviderUnderContract = {
  url: string
  close(): Promise<void>
  /** Moves its clock on. Without it, what takes a minute of waiting is skipped. */
  advance?: (milliseconds: number) => void
}

/**
 * Starts a fresh helpdesk with the shipped number of tickets, deleted and modified. Those started with
 * `rateLimited: false` are read from end to end and need a limit that leaves room for it.
 */
export type StartProvider = (setup: { rateLimited: boolean }) => Promise<ProviderUnderContract>

/** The external helpdesk's contract, odd corners included, told as tests that know nothing but its address. */
export function describeProviderContract(name: string, start: StartProvider): void {
  describe(name, () => {
    describeTicketList(start)
    describeChanges(start)
    describeRateLimit(start)
    describeNotify(start)
  })
}

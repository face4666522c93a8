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

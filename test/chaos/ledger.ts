/** What the API has said yes to: it has to be in the database afterwards, once. */
export type Ledger = {
  /** The ids of all runs that were started. */
  runs: Set<string>
  /** How often each ticket was corrected, by `tenant ticket_id`. */
  corrections: Map<string, number>
}

export const emptyLedger = (): Ledger => ({ runs: new Set(), corrections: new Map() })

export function noteCorrection({ corrections }: Ledger, tenantId: string, ticketId: string): void {
  const key = `${tenantId} ${ticketId}`
  corrections.set(key, (corrections.get(key) ?? 0) + 1)
}

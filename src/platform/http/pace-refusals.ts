import { sleep } from '../../kernel/abort.ts'

/** So many refusals leave at once … */
const BURST = 50
/** … and then one of each tenant in this time. */
const EVERY_MS = 40
const LONGEST_MS = 5_000

/**
 * Resolves when a tenant's next refusal may leave. Clients that send again whatever they are told would have nothing but
 * refusals to wait for, and this process nothing else to do than to make them. Rejects when the caller goes away.
 */
export function paceRefusals(now: () => number = () => performance.now(), random: () => number = Math.random) {
  const nextAt = new Map<string, number>()
  return async (tenant: string, gone: AbortSignal): Promise<void> => {
    const at = now()
    for (const [name, next] of nextAt) if (next < at - BURST * EVERY_MS) nextAt.delete(name)
    const turn = Math.max(nextAt.get(tenant) ?? 0, at - BURST * EVERY_MS) + EVERY_MS
    if (turn <= at + LONGEST_MS) nextAt.set(tenant, turn)
    // Those that have no turn of their own are spread: all at the same moment would come back at the same moment.
    const waitMs = turn <= at + LONGEST_MS ? turn - at : LONGEST_MS * (0.5 + random() / 2)
    if (waitMs > 0) await sleep(waitMs, gone)
  }
}

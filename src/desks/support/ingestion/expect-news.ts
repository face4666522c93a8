import type { UpsertCounts } from '../tickets/index.ts'

/** Where more than one ticket of so many is known already, looking all of them up first costs less than it saves. */
const NEWS_PER_KNOWN = 10

/**
 * Which runs bring nearly nothing but news, as first runs do: their tickets need not be looked up before they are
 * classified. A wrong guess costs time alone: what is stored is decided when it is stored.
 */
export function expectNews() {
  const runs = new Set<string>()
  return {
    areExpected: (jobId: string): boolean => runs.has(jobId),
    /** From what became of a page. One that was not stored, or has no tickets of the tenant, says nothing. */
    learn: (jobId: string, counts: UpsertCounts | undefined): void => {
      if (!counts) return
      const changed = counts.created + counts.updated + counts.restored
      if (changed + counts.unchanged === 0) return
      if (changed >= counts.unchanged * NEWS_PER_KNOWN) runs.add(jobId)
      else runs.delete(jobId)
    },
  }
}

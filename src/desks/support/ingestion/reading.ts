import type { UpsertCounts } from '../tickets/index.ts'
import type { RejectGroups } from './reject-groups.ts'
import type { CallCost } from './walk.ts'

/**
 * How far a job is that reads a source from its cursor to its end: what changed at a connector, or an uploaded file.
 * What is stored and this commit together, page by page, so another attempt goes on after the last one.
 */
export type Reading = {
  phase: 'reading'
  /** Answers of the helpdesk, or batches of the file, that are stored. */
  pages: number
  /** Null while nobody knows. */
  total_pages: number | null
  /** The time up to which the first and the last page told the changes; ISO 8601. */
  first_reached: string | null
  last_reached: string | null
  /** Of a file: records that are stored or set aside, and lines before the next one. */
  records: number
  counts: UpsertCounts & { failed: number; deleted: number }
  /** Of a file: rows that are older than what is stored; they count as unchanged. */
  outdated: number
  /** What failed, told together where it failed alike. */
  rejects: RejectGroups
  /** Of a file: that all of it is read, or why the rest cannot be; then the file is gone. */
  ended: { unreadable: string | null } | null
  calls: number
  retries: number
  throttled: number
  bytes: number
}

const NOTHING: Reading = {
  ...{ phase: 'reading', pages: 0, total_pages: null, first_reached: null, last_reached: null, records: 0 },
  counts: { created: 0, updated: 0, restored: 0, unchanged: 0, failed: 0, deleted: 0 },
  ...{ outdated: 0, rejects: { kept: 0, groups: [] }, ended: null },
  ...{ calls: 0, retries: 0, throttled: 0, bytes: 0 },
}

/** A new reading, or the stored one of an earlier attempt. */
export const startOrResumeReading = (stored: Partial<Reading>): Reading => ({ ...NOTHING, ...stored })

export const isReading = (progress: { phase?: unknown }): progress is Partial<Reading> => progress.phase === 'reading'

type PageOutcome = { stored: UpsertCounts; failed: number; deleted: number }

export function addOutcome(counts: Reading['counts'], { stored, failed, deleted }: PageOutcome): Reading['counts'] {
  return {
    created: counts.created + stored.created,
    updated: counts.updated + stored.updated,
    restored: counts.restored + stored.restored,
    unchanged: counts.unchanged + stored.unchanged,
    failed: counts.failed + failed,
    deleted: counts.deleted + deleted,
  }
}

/** The reading after a page of changes. */
export function readPage(
  reading: Reading,
  page: { reachedAt: string | null; isLast: boolean },
  outcome: PageOutcome,
  cost: CallCost,
): Reading {
  const pages = reading.pages + 1
  return {
    ...reading,
    ...{ pages, total_pages: page.isLast ? pages : null },
    first_reached: reading.first_reached ?? page.reachedAt,
    last_reached: page.reachedAt ?? reading.last_reached,
    counts: addOutcome(reading.counts, outcome),
    calls: reading.calls + 1,
    retries: reading.retries + cost.retries,
    throttled: reading.throttled + cost.throttled,
    bytes: reading.bytes + cost.bytes,
  }
}

/**
 * 0 to 100, in whole percent. A helpdesk does not say how many changes there are; what is known is the time they have
 * been told up to, which at the end is the time the run started.
 */
export function percentRead(reading: Reading, startedAt: Date | null, isCompleted: boolean): number {
  if (isCompleted) return 100
  const { pages, total_pages, first_reached, last_reached } = reading
  if (total_pages !== null && total_pages > 0) return Math.min(99, Math.floor((pages / total_pages) * 100))
  if (!startedAt || first_reached === null || last_reached === null) return 0
  const span = startedAt.getTime() - Date.parse(first_reached)
  if (span <= 0) return 0
  return Math.max(0, Math.min(99, Math.floor(((Date.parse(last_reached) - Date.parse(first_reached)) / span) * 100)))
}

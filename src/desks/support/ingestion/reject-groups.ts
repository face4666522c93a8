import { type FailedRow, REJECTS_OF_JOB_MAX } from './reject-store.ts'

/** Rejects of a job that fail alike. `first_line`: of a file, where the first of them stands. */
export type RejectGroup = { reason: string; count: number; first_line: number | null }
/** How many rejects a job has kept, and all that failed by their reason. */
export type RejectGroups = { kept: number; groups: readonly RejectGroup[] }

/** What fails for more reasons than these is told together. */
export const GROUPS_MAX = 50
export const OTHER_REASONS = 'other reasons'
const REASON_CHARACTERS = 200

/** What cannot be used of a file. `alike`: others that are told only by their number. */
export type FailedRecord = FailedRow & { alike?: number | undefined }

export const countOf = (failed: readonly FailedRecord[]): number =>
  failed.reduce((count, { alike = 0 }) => count + 1 + alike, 0)

/** The first thing that is wrong: `status: is none that is known`. */
const groupOf = ({ reason }: FailedRow): string => (reason.split('; ', 1)[0] ?? '').slice(0, REASON_CHARACTERS)

/** The groups with what failed since; `keep` are those that still are to be kept one by one. */
export function addRejects(
  before: RejectGroups,
  failed: readonly FailedRecord[],
): { rejects: RejectGroups; keep: readonly FailedRow[] } {
  const keep = failed.slice(0, Math.max(0, REJECTS_OF_JOB_MAX - before.kept))
  const groups = new Map(before.groups.map((group) => [group.reason, { ...group }]))
  for (const row of failed) {
    const own = groupOf(row)
    const reason = groups.has(own) || groups.size < GROUPS_MAX ? own : OTHER_REASONS
    const group = groups.get(reason) ?? { reason, count: 0, first_line: row.line ?? null }
    group.count += 1 + (row.alike ?? 0)
    groups.set(reason, group)
  }
  return { rejects: { kept: before.kept + keep.length, groups: [...groups.values()] }, keep }
}

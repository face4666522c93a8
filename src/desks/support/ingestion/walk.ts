import { PAGE_SIZE } from '../connectors/index.ts'
import type { UpsertCounts } from '../tickets/index.ts'

/**
 * The walk of one run over the provider's pages.
 *
 *   walking: deleted list ─▶ every page once, in any order ─▶ deleted list ──stable──▶ closing
 *                 ▲                                                │
 *                 └──────────── unstable, passes left ─────────────┘
 *
 * Pages shift when tickets are inserted, deleted or restored meanwhile, and a ticket can slip from a page not yet
 * fetched to one that was. A pass is stable, so that nothing can have slipped, when the provider's count of tickets was
 * the same on every page and its list of deleted tickets the same before and after: a deletion or restoration changes
 * the list, and an insertion without a deletion changes the count.
 */
export type Walk = {
  phase: 'walking' | 'closing'
  pass: number
  /** Pages received in this pass, as ascending ranges [from, to]. */
  received: [from: number, to: number][]
  /** The last page, once the provider has said which it is. */
  last_page: number | null
  total_pages: number
  total_count: number | null
  total_changed: boolean
  /** Digest of the list of deleted tickets before this pass. */
  deleted_before: string | null
  /** Whether the pass that closed the walk was stable. */
  stable: boolean | null
  counts: UpsertCounts & { failed: number; deleted: number }
  /** Provider calls whose answers this run used; runs that walk together use the same ones. */
  calls: number
  /** Of the sweep while this run took part. */
  retries: number
  throttled: number
  bytes: number
}

/** What an answer of the provider cost. */
export type CallCost = { retries: number; throttled: number; bytes: number }

/** After so many unstable passes the run ends with what it has; only deletions are left to the next one. */
export const PASSES_MAX = 3

const NO_COUNTS = { created: 0, updated: 0, restored: 0, unchanged: 0, failed: 0, deleted: 0 }

/** A new walk, or the stored one of an earlier attempt. */
export function startOrResume(stored: Partial<Walk>): Walk {
  return {
    ...{ phase: 'walking', pass: 1, received: [], last_page: null, total_pages: 0, total_count: null },
    ...{ total_changed: false, deleted_before: null, stable: null, counts: NO_COUNTS, calls: 0 },
    ...{ retries: 0, throttled: 0, bytes: 0 },
    ...stored,
  }
}

export const pagesReceived = (walk: Walk): number => walk.received.reduce((sum, [from, to]) => sum + to - from + 1, 0)

/** Whether every page up to the last has been received in this pass. */
export function isRoundComplete({ received, last_page }: Walk): boolean {
  const [first] = received
  return last_page !== null && first !== undefined && first[0] === 1 && first[1] >= last_page
}

/** Whether the list of deleted tickets comes next: before the first page and after the last. */
export const needsDeletedList = (walk: Walk): boolean =>
  walk.phase === 'walking' && (walk.deleted_before === null || isRoundComplete(walk))

export const needsPages = (walk: Walk): boolean => walk.phase === 'walking' && !needsDeletedList(walk)

/** What a page says of the whole. */
export type PageHead = {
  page: number
  nextPage: number | null
  totalCount: number
  cost: CallCost
  /** Whether nothing is on it, nobody's ticket. */
  isEmpty: boolean
}

const spend = (walk: Walk, cost: CallCost) => ({
  calls: walk.calls + 1,
  retries: walk.retries + cost.retries,
  throttled: walk.throttled + cost.throttled,
  bytes: walk.bytes + cost.bytes,
})

/** The walk after a page, but for what became of its tickets: that is counted where they are stored. */
export function receivePage(walk: Walk, head: PageHead): Walk {
  const isPastTheEnd = saysNothingOfTheEnd(walk, head)
  const last_page = head.nextPage === null && !isPastTheEnd ? head.page : walk.last_page
  const received = isPastTheEnd ? walk.received : insertPage(walk.received, head.page)
  return {
    ...walk,
    received: last_page === null ? received : pagesUpTo(received, last_page),
    last_page,
    total_pages: last_page ?? Math.max(Math.ceil(head.totalCount / PAGE_SIZE), isPastTheEnd ? 1 : head.page + 1),
    total_count: walk.total_count ?? head.totalCount,
    total_changed: walk.total_changed || (walk.total_count !== null && walk.total_count !== head.totalCount),
    ...spend(walk, head.cost),
  }
}

/**
 * An empty page is the last one only when the page before said that there is another. Otherwise the sweep stood further
 * on, from when the provider had more tickets: its pages end before that one.
 */
function saysNothingOfTheEnd({ received }: Walk, { page, nextPage, isEmpty }: PageHead): boolean {
  return isEmpty && nextPage === null && page > 1 && firstMissing(received, page - 1) === page - 1
}

const pagesUpTo = (ranges: Walk['received'], last: number): Walk['received'] =>
  ranges.flatMap(([from, to]) => (from > last ? [] : [[from, Math.min(to, last)] as [number, number]]))

/**
 * Runs' walks as they will be when the pages given to be stored so far are stored, in the order in which they were
 * given: each page is written on top of the one before without asking first where the run stands.
 */
export function followWalks() {
  const walks = new Map<string, Walk>()
  /** The walk that a page of the run is stored on top of; `walk` is where the run stood when the page was asked for. */
  return ({ taskId, fencing, walk }: { taskId: string; fencing: number; walk: Walk }, head: PageHead): Walk => {
    const key = `${taskId} ${fencing}`
    const before = walks.get(key) ?? walk
    walks.set(key, receivePage(before, head))
    return before
  }
}

/** The walk as it will be when a page that was asked for has come, of which nothing is known yet. */
export const expectPage = (walk: Walk, page: number): Walk => ({ ...walk, received: insertPage(walk.received, page) })

/** The walk after the list of deleted tickets: a pass begins, the walk closes, or another pass is needed. */
export function receiveDeletedList(walk: Walk, digest: string, cost: CallCost): Walk {
  const spent = spend(walk, cost)
  if (!isRoundComplete(walk)) return { ...walk, deleted_before: digest, ...spent }
  const stable = !walk.total_changed && walk.deleted_before === digest
  if (stable || walk.pass >= PASSES_MAX) return { ...walk, phase: 'closing', stable, ...spent }
  return {
    ...walk,
    ...{ pass: walk.pass + 1, received: [], last_page: null, total_count: null, total_changed: false },
    ...{ deleted_before: digest, ...spent },
  }
}

/** 0 to 100, in whole percent; 100 only when the run has ended well. */
export function percentDone(walk: Walk, isCompleted: boolean): number {
  if (isCompleted) return 100
  if (walk.total_pages === 0) return 0
  if (walk.pass > 1 || walk.phase === 'closing') return 99
  return Math.min(99, Math.floor((pagesReceived(walk) / walk.total_pages) * 100))
}

/**
 * The page that serves the walks best when the sweep stands at `from`: the next one that somebody misses, else the first.
 * Going round blindly would fetch again what all of them have, for the sake of the one page that a crash lost.
 */
export function nextWantedPage(walks: readonly Walk[], from: number): number {
  const wanted = walks.filter(needsPages).map(({ received, last_page }) => {
    const ahead = firstMissing(received, from)
    return last_page !== null && ahead > last_page ? firstMissing(received, 1) : ahead
  })
  const ahead = wanted.filter((page) => page >= from)
  if (ahead.length > 0) return Math.min(...ahead)
  return wanted.length > 0 ? Math.min(...wanted) : from
}

function firstMissing(received: Walk['received'], from: number): number {
  const within = received.find(([first, last]) => first <= from && from <= last)
  return within ? within[1] + 1 : from
}

function insertPage(ranges: Walk['received'], page: number): Walk['received'] {
  const merged: Walk['received'] = []
  let [from, to] = [page, page]
  for (const range of ranges) {
    if (range[1] < from - 1 || range[0] > to + 1) merged.push(range)
    else [from, to] = [Math.min(from, range[0]), Math.max(to, range[1])]
  }
  return [...merged, [from, to] as [number, number]].sort((a, b) => a[0] - b[0])
}

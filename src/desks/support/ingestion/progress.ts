import type { UpsertCounts } from '../tickets/index.ts'
import type { ProviderPage } from './provider.ts'
import { PAGE_SIZE } from './provider.ts'

/** How far a run is; stored with every page, so that another attempt goes on where the last one committed. */
export type RunProgress = {
  /** The page to fetch next; null when the provider said that there is none. */
  next_page: number | null
  processed_pages: number
  /** Derived from the provider's count of all tickets, which may change while walking. */
  total_pages: number
  counts: UpsertCounts & { failed: number }
}

export function startOrResume(stored: Partial<RunProgress>): RunProgress {
  return {
    next_page: stored.next_page === undefined ? 1 : stored.next_page,
    processed_pages: stored.processed_pages ?? 0,
    total_pages: stored.total_pages ?? 0,
    counts: stored.counts ?? { created: 0, updated: 0, unchanged: 0, failed: 0 },
  }
}

/** The progress after `page`, of which `stored` tells what became of the tenant's tickets and `failed` were unusable. */
export function afterPage(before: RunProgress, page: ProviderPage, stored: UpsertCounts, failed: number): RunProgress {
  const processed = before.processed_pages + 1
  return {
    next_page: page.nextPage,
    processed_pages: processed,
    total_pages: Math.max(Math.ceil(page.totalCount / PAGE_SIZE), processed),
    counts: {
      created: before.counts.created + stored.created,
      updated: before.counts.updated + stored.updated,
      unchanged: before.counts.unchanged + stored.unchanged,
      failed: before.counts.failed + failed,
    },
  }
}

/** 0 to 100, in whole percent; 100 only when the last page is stored. */
export function percentDone(progress: RunProgress): number {
  if (progress.next_page === null) return 100
  if (progress.total_pages === 0) return 0
  return Math.min(99, Math.floor((progress.processed_pages / progress.total_pages) * 100))
}

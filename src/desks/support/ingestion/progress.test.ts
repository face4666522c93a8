import { describe, expect, it } from 'vitest'
import { afterPage, percentDone, startOrResume } from './progress.ts'

const nothing = { created: 0, updated: 0, unchanged: 0 }
const page = (nextPage: number | null, totalCount: number) => ({ tickets: [], nextPage, totalCount })

describe('the progress of a run', () => {
  it('starts with page 1 and resumes with the page after the last that was stored', () => {
    const fresh = startOrResume({})
    expect(fresh.next_page).toBe(1)
    const stored = afterPage(fresh, page(2, 250), { created: 3, updated: 1, unchanged: 2 }, 1)
    expect(startOrResume(JSON.parse(JSON.stringify(stored)))).toEqual({
      next_page: 2,
      processed_pages: 1,
      total_pages: 3,
      counts: { created: 3, updated: 1, unchanged: 2, failed: 1 },
    })
  })

  it('does not start over when the walk was complete', () => {
    const done = afterPage(startOrResume({}), page(null, 10), nothing, 0)
    expect(startOrResume(done).next_page).toBeNull()
  })

  it.each([
    ['nothing yet', startOrResume({}), 0],
    ['the first of three pages', afterPage(startOrResume({}), page(2, 250), nothing, 0), 33],
    ['the last page', afterPage(startOrResume({}), page(null, 50), nothing, 0), 100],
    ['an empty provider', afterPage(startOrResume({}), page(null, 0), nothing, 0), 100],
    ['more pages than the provider’s count promised', afterPage(startOrResume({}), page(2, 100), nothing, 0), 99],
  ])('is, after %s, %j → %i percent', (_when, progress, percent) => {
    expect(percentDone(progress)).toBe(percent)
  })

  it('never has more processed than total pages, though the provider’s count shrinks while walking', () => {
    const second = afterPage(afterPage(startOrResume({}), page(2, 300), nothing, 0), page(3, 90), nothing, 0)
    expect(second).toMatchObject({ processed_pages: 2, total_pages: 2 })
  })
})

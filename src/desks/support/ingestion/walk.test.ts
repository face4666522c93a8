import { describe, expect, it } from 'vitest'
import {
  followWalks,
  isRoundComplete,
  needsDeletedList,
  needsPages,
  nextWantedPage,
  PASSES_MAX,
  pagesReceived,
  percentDone,
  receiveDeletedList,
  receivePage,
  startOrResume,
  type Walk,
} from './walk.ts'

const LAST = 5
const cost = { retries: 1, throttled: 2, bytes: 10 }

const receive = (walk: Walk, page: number, totalCount = 450) =>
  receivePage(walk, { page, nextPage: page === LAST ? null : page + 1, totalCount, cost, isEmpty: false })

/** A walk that has its first list and then these pages. */
const walked = (...pages: number[]) =>
  pages.reduce((walk, page) => receive(walk, page), receiveDeletedList(startOrResume({}), 'before', cost))

describe('a walk', () => {
  it('adds up what its answers cost', () => {
    expect(walked(1, 2)).toMatchObject({ calls: 3, retries: 3, throttled: 6, bytes: 30 })
  })

  it('begins with the list of deleted tickets and then wants pages', () => {
    const fresh = startOrResume({})
    expect([needsDeletedList(fresh), needsPages(fresh)]).toEqual([true, false])
    expect([needsDeletedList(walked()), needsPages(walked())]).toEqual([false, true])
  })

  it.each([
    ['from the first', [1, 2, 3, 4, 5]],
    ['from the middle, round the end', [4, 5, 1, 2, 3]],
    ['with repeated pages', [3, 4, 4, 5, 1, 2, 2]],
  ])('is round when it has every page, %s', (_how, pages) => {
    for (let count = 1; count < pages.length; count += 1) {
      expect(isRoundComplete(walked(...pages.slice(0, count)))).toBe(new Set(pages.slice(0, count)).size === LAST)
    }
    const round = walked(...pages)
    expect(isRoundComplete(round)).toBe(true)
    expect(round.received).toEqual([[1, LAST]])
    expect(receiveDeletedList(round, 'before', cost)).toMatchObject({ phase: 'closing', stable: true, pass: 1 })
  })

  it('goes round again when the provider’s count changed on the way, though it came back', () => {
    const shaken = receive(receive(walked(1, 2, 3), 4, 451), 5)
    expect(receiveDeletedList(shaken, 'before', cost)).toMatchObject({ phase: 'walking', pass: 2, received: [] })
  })

  it('goes round again when a ticket was deleted or restored on the way, though another insertion hid it in the count', () => {
    const again = receiveDeletedList(walked(1, 2, 3, 4, 5), 'after', cost)
    expect(again).toMatchObject({ phase: 'walking', pass: 2, received: [], deleted_before: 'after' })
    const second = [1, 2, 3, 4, 5].reduce((walk, page) => receive(walk, page), again)
    expect(receiveDeletedList(second, 'after', cost)).toMatchObject({ phase: 'closing', stable: true })
  })

  it('ends as unstable when the provider never rests', () => {
    let walk = startOrResume({})
    walk = receiveDeletedList(walk, 'list 0', cost)
    for (let pass = 1; pass <= PASSES_MAX; pass += 1) {
      expect(walk.phase).toBe('walking')
      walk = [1, 2, 3, 4, 5].reduce((before, page) => receive(before, page), walk)
      walk = receiveDeletedList(walk, `list ${pass}`, cost)
    }
    expect(walk).toMatchObject({ phase: 'closing', stable: false })
  })

  it('takes an empty provider for one empty page', () => {
    const empty = receivePage(walked(), { page: 1, nextPage: null, totalCount: 0, cost, isEmpty: true })
    expect(receiveDeletedList(empty, 'before', cost)).toMatchObject({ phase: 'closing', stable: true })
  })

  it('counts only pages that the provider has, also when the sweep stood where it once had more', () => {
    const past = { page: 40, nextPage: null, totalCount: 450, cost, isEmpty: true }
    const begun = receivePage(walked(), past)
    expect(begun).toMatchObject({ total_pages: LAST, last_page: null, received: [], calls: 2 })
    const round = [1, 2, 3, 4, 5].reduce((walk, page) => receive(walk, page), begun)
    expect(round).toMatchObject({ total_pages: LAST, received: [[1, LAST]] })
    expect(isRoundComplete(round)).toBe(true)
    const shrunk = receive(walked(1, 2, 3), 8)
    expect(receivePage(shrunk, { ...past, page: 4, isEmpty: false })).toMatchObject({
      total_pages: 4,
      received: [[1, 4]],
    })
  })

  it('takes an empty page for the last one when the page before promised it', () => {
    const promised = receivePage(walked(1, 2), { page: 3, nextPage: null, totalCount: 200, cost, isEmpty: true })
    expect(promised).toMatchObject({ total_pages: 3, last_page: 3, received: [[1, 3]] })
  })

  it('goes on, after a crash, with what was stored', () => {
    const stored = walked(3, 4)
    expect(startOrResume(JSON.parse(JSON.stringify(stored)))).toEqual(stored)
  })

  it.each([
    ['nothing yet', walked(), false, 0],
    ['two of five pages', walked(4, 5), false, 40],
    ['every page, but not its end', walked(1, 2, 3, 4, 5), false, 99],
    ['its end', receiveDeletedList(walked(1, 2, 3, 4, 5), 'before', cost), true, 100],
  ])('has done, with %s, %#', (_what, walk, isCompleted, percent) => {
    expect(percentDone(walk, isCompleted)).toBe(percent)
    expect(pagesReceived(walk)).toBeLessThanOrEqual(LAST)
  })
})

describe('the next page of a sweep', () => {
  it.each([
    ['the one it stands at, when somebody misses that', [walked(1, 2)], 3, 3],
    ['the one after what all have', [walked(1, 2, 3)], 2, 4],
    ['the one that a crash lost, when nobody needs what lies between', [walked(1, 2, 4, 5)], 1, 3],
    ['from the end, the first that somebody misses', [walked(2, 3, 4, 5)], 5, 1],
    ['the nearest that anybody misses', [walked(1, 2, 3, 4), walked(1, 2, 4)], 3, 3],
    ['where it stands, when nobody needs pages', [startOrResume({})], 4, 4],
  ])('is %s', (_which, walks, from, page) => {
    expect(nextWantedPage(walks, from)).toBe(page)
  })
})

describe('the walks of pages that are stored one behind the other', () => {
  const head = (page: number) => ({ page, nextPage: page + 1, totalCount: 450, cost, isEmpty: false })
  const run = (taskId: string, fencing = 1) => ({ taskId, fencing, walk: walked(1) })

  it('follow from one another, each run’s and each claim’s by itself', () => {
    const walkBefore = followWalks()
    expect(walkBefore(run('a'), head(2))).toEqual(walked(1))
    expect(walkBefore(run('b'), head(3))).toEqual(walked(1))
    expect(walkBefore(run('a'), head(3))).toEqual(walked(1, 2))
    expect(walkBefore(run('a'), head(4))).toEqual(walked(1, 2, 3))
    expect(walkBefore(run('a', 2), head(4))).toEqual(walked(1))
  })
})

import { describe, expect, it } from 'vitest'
import { silent } from '../../../../test/harness/database.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import type { PageSource, ProviderPage, Source } from '../connectors/index.ts'
import { passPages } from './pass-pages.ts'
import { type PageHead, receivePage, startOrResume, type Walk } from './walk.ts'
import type { Participant } from './write-on-behalf.ts'

const NOTHING_IN_IT = { news: [], unchanged: 0, usable: [], failed: [] }
const context = { signal: new AbortController().signal, log: silent }
const participant = (taskId: string, walk: Walk): Participant => ({
  ...{ tenantId: tenantId(taskId), taskId, fencing: 1, walk },
})
const atStart = (): Walk => startOrResume({ deleted_before: 'digest' })

/** A provider whose answers are given by hand, and runs whose walks go on as their pages are stored. */
function scene(
  options: { budget?: Source<PageSource>['budget']; whileStoring?: (page: number) => Promise<void> } = {},
) {
  const asked: number[] = []
  const answers = new Map<number, (page: ProviderPage) => void>()
  const walks = new Map<string, Walk>([['first', atStart()]])
  const stored: string[] = []
  const provider = {
    listPage: (page: number) => {
      asked.push(page)
      return new Promise<ProviderPage>((resolve) => answers.set(page, resolve))
    },
    listDeleted: () => Promise.reject(new Error('not here')),
    findTicket: () => Promise.reject(new Error('not here')),
  }
  const budget = options.budget ?? { take: async () => {}, pause: async () => {} }
  const present = () => [...walks].map(([taskId, walk]) => participant(taskId, walk))
  const store = async ({ taskId }: Participant, head: PageHead) => {
    await options.whileStoring?.(head.page)
    stored.push(`${taskId} ${head.page}`)
    const walk = walks.get(taskId)
    if (walk) walks.set(taskId, receivePage(walk, head))
  }
  return {
    ...{ asked, stored, walks },
    passed: () =>
      passPages(
        { source: { provider, budget }, look: async () => present(), read: async () => NOTHING_IN_IT, store },
        { from: 1, to: present() },
        context,
      ),
    /** Answers a page once it was asked for. */
    answer: async (page: number, nextPage: number | null, totalCount: number) => {
      const give = await waitFor(`page ${page} was never asked for`, () => answers.get(page))
      give({ page, nextPage, totalCount, tickets: [], bytes: 1 })
    },
  }
}

describe('passPages', () => {
  it('asks for four pages at the most, none that the count does not promise, and stores them in order', async () => {
    const { asked, stored, passed, answer } = scene()
    const passing = passed()
    await answer(1, 2, 1_000)
    await waitFor('it never asked ahead', () => asked.length >= 4)
    await answer(3, 4, 1_000)
    await answer(2, 3, 1_000)
    await waitFor('pages were not stored', () => stored.length === 3)
    expect(asked.length).toBeLessThanOrEqual(3 + 4)
    for (let page = 4; page <= 10; page += 1) await answer(page, page < 10 ? page + 1 : null, 1_000)
    await passing
    expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(stored).toEqual(asked.map((page) => `first ${page}`))
  })

  it('drops what it asked for past the end when the provider has fewer pages than it said', async () => {
    const { asked, stored, passed, answer } = scene()
    const passing = passed()
    await answer(1, 2, 400)
    await waitFor('it never asked ahead', () => asked.includes(3))
    await answer(3, null, 199)
    await answer(2, null, 199)
    await passing
    expect(stored).toEqual(['first 1', 'first 2'])
  })

  it('gives a run that joins only the pages asked for after it was seen, and goes round for the others', async () => {
    const { stored, walks, passed, answer } = scene()
    const passing = passed()
    await answer(1, 2, 300)
    await waitFor('page 1 was not stored', () => stored.length === 1)
    walks.set('second', atStart())
    await new Promise((resolve) => setTimeout(resolve, 30))
    await answer(2, 3, 300)
    await answer(3, null, 300)
    await passing
    // The first needs the list of deleted tickets now; the second has what was asked for since it was there.
    expect(stored.filter((entry) => entry.startsWith('first'))).toEqual(['first 1', 'first 2', 'first 3'])
    expect(stored).not.toContain('second 1')
    expect(stored).not.toContain('second 2')
  })

  it('waits for one place of the budget at a time', async () => {
    const waiting: (() => void)[] = []
    const budget = { take: () => new Promise<void>((resolve) => void waiting.push(resolve)), pause: async () => {} }
    const { asked, passed, answer, stored } = scene({ budget })
    const passing = passed()
    for (let page = 1; page <= 5; page += 1) {
      await waitFor('it never asked for a place', () => waiting.length === page)
      waiting[page - 1]?.()
      if (page === 1) await answer(1, 2, 500)
    }
    await waitFor('the last call never left', () => asked.length === 5)
    expect(asked).toEqual([1, 2, 3, 4, 5])
    for (let page = 2; page <= 5; page += 1) await answer(page, page < 5 ? page + 1 : null, 500)
    await passing
    expect(stored).toHaveLength(5)
  })

  it.each([
    ['one run: two', ['first'], 2],
    ['several runs: one', ['first', 'second'], 1],
  ])('stores at a time, of the pages of %s', async (_, runs, atOnce) => {
    const storing: number[] = []
    let most = 0
    const whileStoring = async (page: number) => {
      storing.push(page)
      most = Math.max(most, new Set(storing).size)
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      storing.splice(storing.indexOf(page), 1)
    }
    const { stored, walks, passed, answer } = scene({ whileStoring })
    for (const run of runs) walks.set(run, atStart())
    const passing = passed()
    const pages = [1, 2, 3, 4, 5, 6]
    for (const page of pages) await answer(page, page < 6 ? page + 1 : null, 600)
    await passing
    expect(most).toBe(atOnce)
    // Over only when all are stored.
    expect(stored.toSorted()).toEqual(runs.flatMap((run) => pages.map((page) => `${run} ${page}`)))
  })

  it('fails at once when a page cannot be stored while the next one is still on its way', async () => {
    const stop = new Error('the database is gone')
    const { passed, answer } = scene({ whileStoring: () => Promise.reject(stop) })
    const passing = passed()
    await answer(1, 2, 300)
    await expect(passing).rejects.toBe(stop)
  })

  it('fails also when the page that cannot be stored is the last one', async () => {
    const stop = new Error('the database is gone')
    const { passed, answer } = scene({ whileStoring: () => Promise.reject(stop) })
    const passing = passed()
    await answer(1, null, 100)
    await expect(passing).rejects.toBe(stop)
  })

  it('fails with the first page that cannot be stored, and leaves no call behind', async () => {
    const stop = new Error('the database is gone')
    const given: AbortSignal[] = []
    const page = (number: number, signal: AbortSignal) => {
      given.push(signal)
      return Promise.resolve({ page: number, nextPage: number + 1, totalCount: 900, tickets: [], bytes: 1 })
    }
    const budget = { take: async () => {}, pause: async () => {} }
    const provider = { listPage: page, listDeleted: () => Promise.reject(stop), findTicket: () => Promise.reject(stop) }
    const passing = passPages(
      {
        source: { provider, budget },
        look: async () => [],
        read: async () => NOTHING_IN_IT,
        store: () => Promise.reject(stop),
      },
      { from: 1, to: [participant('first', atStart())] },
      context,
    )
    await expect(passing).rejects.toBe(stop)
    expect(given.every(({ aborted }) => aborted)).toBe(true)
  })
})

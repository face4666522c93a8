import { describe, expect, it } from 'vitest'
import type { Fault } from '../../mock-provider/index.ts'
import { ingestionScene } from '../harness/ingestion.ts'
import { idsAtProvider, PAGES } from '../harness/provider.ts'

const DELETED = '/external/deleted-tickets'
/** By hand: how long the provider says nothing, with the timeout that goes with it. Here a second shows the same. */
const SILENCE_SECONDS = Number(process.env.SILENCE_SECONDS ?? 1)

const page = (number: number, fault: Omit<Fault, 'route'>): Fault => ({
  ...{ route: PAGES, match: { page: number }, times: 1 },
  ...fault,
})
const wrongShape = (body: unknown): Omit<Fault, 'route'> => ({ kind: 'wrong_json', body })

describe('a run whose provider is ill', () => {
  it.each<{ how: string; faults: () => Fault[] }>([
    {
      how: 'with errors that say nothing, or when to come again in seconds or as a date',
      faults: () => [
        page(1, { kind: 'status', status: 500 }),
        page(2, { kind: 'status', status: 503, retry_after: 1 }),
        page(3, { kind: 'status', status: 503, retry_after: new Date(Date.now() + 2_000).toUTCString() }),
        page(4, { kind: 'status', status: 503, retry_after: 'soon' }),
        page(5, { kind: 'html' }),
        { route: DELETED, kind: 'status', status: 502, times: 2 },
      ],
    },
    {
      how: 'with connections that break before, in and after the headers, and silence',
      faults: () => [
        page(1, { kind: 'reset' }),
        page(2, { kind: 'half_body' }),
        page(3, { kind: 'half_body', times: 2 }),
        page(4, { kind: 'hang' }),
        { route: DELETED, kind: 'half_body', times: 1 },
      ],
    },
    {
      how: 'with answers of 200 that are no pages',
      faults: () => [
        page(1, { kind: 'html', status: 200 }),
        page(2, { kind: 'status', status: 200, body: '{"tickets": [' }),
        page(3, wrongShape(null)),
        page(4, wrongShape({ tickets: null, next_page: null, total_count: 0 })),
        page(5, wrongShape({ tickets: [], next_page: '6', total_count: 570 })),
        page(6, wrongShape({ data: [], next_page: null, total_count: 0 })),
        { route: DELETED, kind: 'wrong_json', body: { deleted_ids: null }, times: 1 },
        { route: DELETED, kind: 'wrong_json', body: [], times: 1 },
      ],
    },
    {
      how: 'with a storm of 429, told in seconds and as a date',
      faults: () => [
        page(1, { kind: 'status', status: 429, retry_after: 1, times: 3 }),
        page(3, { kind: 'status', status: 429, retry_after: new Date(Date.now() + 5_000).toUTCString(), times: 2 }),
        page(5, { kind: 'status', status: 429, retry_after: 0, times: 12 }),
        { route: DELETED, kind: 'status', status: 429, retry_after: 1, times: 1 },
      ],
    },
  ])(
    '$how goes on in the same attempt and ends with exactly what the provider has',
    {
      timeout: 240_000 + SILENCE_SECONDS * 2_000,
    },
    async ({ faults }) => {
      const { helpdesk, open, makeTenants, startRun, ended, differences } = await ingestionScene({
        ...{ tickets: 600, modified: 0 },
      })
      const system = await open({ EXTERNAL_TIMEOUT_SECONDS: String(SILENCE_SECONDS) })
      await makeTenants(system, ['tenant_a', 'tenant_b'])
      helpdesk.setFaults(faults())
      const jobs = [await startRun(system, 'tenant_a'), await startRun(system, 'tenant_b')]
      for (const job of jobs) expect(await ended(system, job)).toMatchObject({ status: 'completed', attempt: 1 })
      expect(helpdesk.faults()).toEqual([])
      expect(await differences(['tenant_a', 'tenant_b'])).toEqual([])
    },
  )

  it('with the right shape and the wrong content deletes nothing that is there', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, differences } = await ingestionScene({
      ...{ tickets: 600, modified: 0 },
    })
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    const run = async () => ended(system, await startRun(system, 'tenant_a'))
    await run()
    // With the true count: nothing about the pass looks unstable.
    const empty = (next_page: number | null) =>
      wrongShape({ tickets: [], next_page, total_count: helpdesk.counts().visible })
    const lies: Record<string, () => Fault> = {
      'an empty page': () => page(3, empty(4)),
      'an end that comes too early': () => page(5, empty(null)),
      'no tickets at all': () => page(1, wrongShape({ tickets: [], next_page: null, total_count: 0 })),
      'no deleted tickets': () => ({ route: DELETED, kind: 'wrong_json', body: { deleted_ids: [] }, times: 1 }),
    }
    for (const [what, lie] of Object.entries(lies)) {
      for (const id of (await idsAtProvider(helpdesk, 'tenant_a')).slice(0, 3)) helpdesk.deleteTicket(id)
      helpdesk.setFaults([lie()])
      await run()
      expect(helpdesk.faults(), what).toEqual([])
      expect(
        (await differences(['tenant_a'])).filter((difference) => difference.includes('lost')),
        what,
      ).toEqual([])
      expect(await run(), what).toMatchObject({ status: 'completed', stable: true })
      expect(await differences(['tenant_a']), what).toEqual([])
    }
  })
})

describe('a restart of the provider', () => {
  it('that draws other deleted and modified tickets is followed, restorations included', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, differences } = await ingestionScene({
      ...{ tickets: 1_200, deleted: 0.05, modified: 0.1 },
    })
    const system = await open()
    const tenants = ['tenant_a', 'tenant_b']
    await makeTenants(system, tenants)
    const runAll = async () => {
      const jobs = await Promise.all(tenants.map((tenant) => startRun(system, tenant)))
      return Promise.all(jobs.map((job) => ended(system, job)))
    }
    await runAll()
    for (let restart = 1; restart <= 3; restart += 1) {
      helpdesk.restart()
      for (const job of await runAll()) {
        expect(job).toMatchObject({ status: 'completed', stable: true, updated: 0 })
        expect(job.deleted, `restart ${restart} deleted nothing`).toBeGreaterThan(0)
        // What was deleted from the beginning is new to us; only what we have seen go can come back.
        if (restart > 1) expect(job.restored, `restart ${restart} restored nothing`).toBeGreaterThan(0)
      }
      // What is modified no longer shows its creation again as its time: older than what was stored.
      expect(await differences(tenants, { mayBeNewer: true })).toEqual([])
    }
  })
})

import { describe, expect, it } from 'vitest'
import type { Fault } from '../../mock-provider/index.ts'
import { randomStream } from '../../mock-provider/random.ts'
import { sleep } from '../../src/kernel/abort.ts'
import { deadProcesses } from '../harness/dead-process.ts'
import { ingestionScene } from '../harness/ingestion.ts'
import { callsForTickets, heldAt, idsAtProvider, PAGES, ticketsAtProvider } from '../harness/provider.ts'
import { changeClock, changeSomeTickets } from '../harness/provider-changes.ts'
import { waitFor } from '../harness/wait-for.ts'

/** By hand: how long a worker is paused until its lease is over. Without it nobody waits: the lease is ended for it. */
const PAUSE_SECONDS = Number(process.env.PAUSE_SECONDS ?? 0)

describe('a run', () => {
  it('brings in every ticket of its tenant and none of another, page by page, once', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, idsStored } = await ingestionScene({
      data: 'specification',
      tickets: 1_000,
    })
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    const job = await startRun(system, 'tenant_a')
    const done = await ended(system, job)
    const expected = await idsAtProvider(helpdesk, 'tenant_a')
    expect(done).toMatchObject({
      ...{ status: 'completed', progress: 100, total_pages: 10, processed_pages: 10 },
      ...{ created: expected.length, updated: 0, failed: 0, error: null },
    })
    expect(await idsStored()).toEqual({ tenant_a: expected })

    const again = await ended(system, await startRun(system, 'tenant_a'))
    expect(again).toMatchObject({ status: 'completed', created: 0 })
    expect(await idsStored()).toEqual({ tenant_a: expected })
  })

  it('waits as long as the provider asks when it is throttled, and loses no page', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, idsStored } = await ingestionScene({
      tickets: 1_000,
      rateLimit: 4,
      rateWindowSeconds: 5,
    })
    const system = await open()
    await makeTenants(system, ['tenant_b'])
    expect(await ended(system, await startRun(system, 'tenant_b'))).toMatchObject({ status: 'completed', attempt: 1 })
    expect(callsForTickets(helpdesk).some(({ status }) => status === 429)).toBe(true)
    helpdesk.set({ rateLimit: 0 })
    expect(await idsStored()).toEqual({ tenant_b: await idsAtProvider(helpdesk, 'tenant_b') })
  })

  it('stays within the provider’s budget over two processes, as the provider’s own log sees it', async () => {
    const [limit, windowSeconds] = [8, 2]
    const { helpdesk, start, makeTenants, startRun, ended } = await ingestionScene({
      tickets: 1_000,
      rateLimit: limit,
      rateWindowSeconds: windowSeconds,
    })
    // Longer than the provider's, so that a call that is seconds on its way arrives in no window but its own.
    const budget = { EXTERNAL_RATE_LIMIT: String(limit), EXTERNAL_RATE_WINDOW_SECONDS: String(windowSeconds + 5) }
    const [first, second] = [await start(budget), await start(budget)]
    for (const tenant of ['tenant_a', 'tenant_b']) await makeTenants(first, [tenant])
    const jobs = [await startRun(first, 'tenant_a'), await startRun(second, 'tenant_b')]
    for (const job of jobs) expect(await ended(first, job)).toMatchObject({ status: 'completed', attempt: 1 })

    const calls = callsForTickets(helpdesk)
    expect(calls.filter(({ status }) => status === 429)).toEqual([])
    expect(calls.length).toBeGreaterThan(limit)
    const times = calls.map(({ at }) => Date.parse(at))
    const inWindow = (from: number) => times.filter((at) => at >= from && at < from + windowSeconds * 1_000).length
    expect(Math.max(...times.map(inWindow))).toBeLessThanOrEqual(limit)
  })

  it('deletes for its own tenant a ticket whose id is another tenant’s now', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, operator } = await ingestionScene({ tickets: 100 })
    const system = await open()
    await makeTenants(system, ['tenant_a', 'tenant_b'])
    const { id } = helpdesk.insertTicket({ tenant_id: 'tenant_a' })
    await ended(system, await startRun(system, 'tenant_a'))
    helpdesk.changeTicket(id, { tenant_id: 'tenant_b' })
    for (const [tenant, count] of [
      ['tenant_a', { deleted: 1 }],
      ['tenant_b', { deleted: 0 }],
    ] as const) {
      expect(await ended(system, await startRun(system, tenant))).toMatchObject({ stable: true, ...count })
    }
    const deletedAt = async (tenant: string) =>
      (await operator<{ deleted_at: string | null }>(system, `/tickets/${id}?tenant_id=${tenant}`)).body.deleted_at
    expect([await deletedAt('tenant_a'), await deletedAt('tenant_b')]).toEqual([expect.any(String), null])
  })

  it('ends as failed with the reason when the provider refuses', async () => {
    const { helpdesk, open, makeTenants, startRun, ended } = await ingestionScene({ tickets: 100 })
    helpdesk.setFaults([{ route: PAGES, kind: 'status', status: 403 }])
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: { code: 'ingestion.provider_refused' },
    })
  })

  it('can be cancelled while it waits for a provider that says nothing; what it stored stays', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, progressOf, operator, idsStored } = await ingestionScene({
      tickets: 500,
    })
    helpdesk.setFaults([{ route: PAGES, match: { page: 3 }, kind: 'hang' }])
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    const job = await startRun(system, 'tenant_a')
    await waitFor('page 2 was never stored', async () => (await progressOf(system, job)).processed_pages === 2)
    expect((await operator(system, `/ingest/${job}`, 'DELETE')).body).toEqual({ job_id: job, status: 'cancelling' })
    expect(await ended(system, job)).toMatchObject({ status: 'cancelled', processed_pages: 2 })
    expect((await idsStored()).tenant_a?.length).toBeGreaterThan(0)
    expect((await operator(system, `/ingest/${job}`, 'DELETE')).status).toBe(409)
  })

  it('is one at a time per tenant: 64 simultaneous calls to two processes start exactly one', async () => {
    const { helpdesk, start, makeTenants, operator } = await ingestionScene({ tickets: 100 })
    helpdesk.setFaults([{ route: PAGES, kind: 'hang' }])
    const [first, second] = [await start(), await start()]
    await makeTenants(first, ['tenant_a'])
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        operator<{ job_id: string }>(index % 2 ? first : second, '/ingest/run?tenant_id=tenant_a', 'POST'),
      ),
    )
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(63)
    expect(new Set(answers.map(({ body }) => body.job_id)).size).toBe(1)
  })
})

describe('a worker process', () => {
  it('that is killed in the middle of a run loses it to another, and no ticket is lost or doubled', async () => {
    const { helpdesk, databaseUrl, start, makeTenants, startRun, ended, progressOf, idsStored } = await ingestionScene({
      tickets: 2_000,
    })
    const { kill } = await deadProcesses(databaseUrl)
    helpdesk.setFaults([heldAt(8)])
    const api = await start({ SIGNALBOX_ROLES: 'api,scheduler' })
    const workers = [await start({ SIGNALBOX_ROLES: 'worker' }), await start({ SIGNALBOX_ROLES: 'worker' })]
    await makeTenants(api, ['tenant_a'])
    const job = await startRun(api, 'tenant_a')
    await waitFor('the run never got going', async () => (await progressOf(api, job)).processed_pages === 7)
    const victim = await waitFor('nobody said that it has the run', () =>
      workers.find((worker) => worker.output().includes(job)),
    )
    expect(await kill(victim)).toBe(1)
    helpdesk.setFaults([])
    expect(await ended(api, job)).toMatchObject({ status: 'completed', attempt: 2, processed_pages: 19 })
    expect(await idsStored()).toEqual({ tenant_a: await idsAtProvider(helpdesk, 'tenant_a') })
  })

  it('that was paused past its lease can write nothing when it wakes up', {
    timeout: 300_000 + PAUSE_SECONDS * 1_000,
  }, async () => {
    const { helpdesk, databaseUrl, start, makeTenants, startRun, ended, progressOf, differences } =
      await ingestionScene({ tickets: 2_000, modified: 0 })
    const { expireLeases, tasksOf } = await deadProcesses(databaseUrl)
    // Answered while it is paused: what it finds when it wakes up, with the pages behind it.
    const held: Fault = { route: PAGES, match: { page: 8 }, kind: 'slow', delay_ms: 10_000 }
    helpdesk.setFaults([held])
    const patient = { EXTERNAL_TIMEOUT_SECONDS: '120' }
    const api = await start({ SIGNALBOX_ROLES: 'api,scheduler' })
    const paused = await start({ ...patient, SIGNALBOX_ROLES: 'worker' })
    await makeTenants(api, ['tenant_a', 'tenant_b'])
    const jobs = [await startRun(api, 'tenant_a'), await startRun(api, 'tenant_b')]
    await waitFor('the runs never got going', async () => {
      const pages = await Promise.all(jobs.map(async (job) => (await progressOf(api, job)).processed_pages))
      return Math.max(...pages) === 7 && (await tasksOf(paused)) === 2
    })
    await waitFor('the page that is held was never asked for', () =>
      callsForTickets(helpdesk).some(({ fault }) => fault === 'slow'),
    )
    paused.kill('SIGSTOP')
    // What it has in its hands is older than what the others will store.
    const now = changeClock()
    const tickets = await Promise.all(['tenant_a', 'tenant_b'].map((tenant) => ticketsAtProvider(helpdesk, tenant)))
    changeSomeTickets(helpdesk, tickets.flat(), randomStream(1, 'while it is paused'), now)
    if (PAUSE_SECONDS > 0) await sleep(PAUSE_SECONDS * 1_000)
    else await expireLeases(paused)
    helpdesk.setFaults([])
    await start({ SIGNALBOX_ROLES: 'worker' })
    const done = await Promise.all(jobs.map((job) => ended(api, job)))
    for (const each of done) expect(each).toMatchObject({ status: 'completed', attempt: 2 })
    const anew = await Promise.all(['tenant_a', 'tenant_b'].map((tenant) => startRun(api, tenant)))
    for (const job of anew) expect(await ended(api, job)).toMatchObject({ status: 'completed', stable: true })
    await waitFor('what was held was never answered', () =>
      callsForTickets(helpdesk).some(({ fault, status }) => fault === 'slow' && status === 200),
    )
    paused.kill('SIGCONT')
    for (const job of jobs) {
      await waitFor('the paused worker never noticed', () =>
        paused
          .output()
          .split('\n')
          .some((line) => line.includes(job) && line.includes('lost to another worker')),
      )
    }
    expect(await Promise.all(jobs.map((job) => progressOf(api, job)))).toEqual(done)
    expect(await differences(['tenant_a', 'tenant_b'])).toEqual([])
  })

  it('hands its run to another when it is told to stop', async () => {
    const { helpdesk, start, makeTenants, startRun, ended, progressOf, idsStored } = await ingestionScene({
      tickets: 2_000,
    })
    helpdesk.setFaults([heldAt(8)])
    const api = await start({ SIGNALBOX_ROLES: 'api,scheduler' })
    const stopping = await start({ SIGNALBOX_ROLES: 'worker' })
    await makeTenants(api, ['tenant_a'])
    const job = await startRun(api, 'tenant_a')
    await waitFor('the run never got going', async () => (await progressOf(api, job)).processed_pages === 7)
    expect(await stopping.stop()).toEqual({ code: 0, signal: null })
    helpdesk.setFaults([])
    await start({ SIGNALBOX_ROLES: 'worker' })
    expect(await ended(api, job)).toMatchObject({ status: 'completed', attempt: 1, processed_pages: 19 })
    expect(await idsStored()).toEqual({ tenant_a: await idsAtProvider(helpdesk, 'tenant_a') })
  })
})

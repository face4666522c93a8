import { describe, expect, it } from 'vitest'
import { ingestionScene } from '../harness/ingestion.ts'
import { callsForTickets, heldAt, idsAtProvider, PAGES } from '../harness/provider.ts'
import { administer } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'

const TENANTS = ['tenant_a', 'tenant_b', 'tenant_c', 'tenant_d']

/** Until so many runs take part in the walk. */
const walking = (databaseUrl: string, runs: number) =>
  waitFor('not all took part', () =>
    administer(databaseUrl, async (superuser) => {
      const walks = `select from tasks where status = 'running' and progress ->> 'phase' = 'walking'`
      return (await superuser.query(walks)).rowCount === runs
    }),
  )

describe('runs on the same provider', () => {
  it('walk together: four that start at once make about as many calls as one', async () => {
    const { helpdesk, databaseUrl, start, makeTenants, startRun, ended, idsStored } = await ingestionScene({
      tickets: 3_000,
    })
    const [first, second] = [await start(), await start()]
    await makeTenants(first, TENANTS)
    helpdesk.setFaults([heldAt(1)])
    // The list of deleted tickets, with which a walk begins, may be asked for before all take part.
    helpdesk.clearCalls()
    const jobs = await Promise.all(TENANTS.map((tenant, index) => startRun(index % 2 ? first : second, tenant)))
    await walking(databaseUrl, TENANTS.length)
    helpdesk.setFaults([])
    for (const job of jobs)
      expect(await ended(first, job)).toMatchObject({ status: 'completed', stable: true, pass: 1 })

    const pages = 29
    const calls = callsForTickets(helpdesk).filter(({ status }) => status === 200).length
    expect(calls).toBeGreaterThanOrEqual(pages + 2)
    // Who joins a moment later goes round for the few pages it missed; apart they would make four times as many calls.
    expect(calls).toBeLessThan(2 * pages)
    for (const tenant of TENANTS) expect((await idsStored())[tenant]).toEqual(await idsAtProvider(helpdesk, tenant))
  })

  it('that join on the way go round for the pages they missed, and see each page as fetched after their own start', async () => {
    const { helpdesk, databaseUrl, open, makeTenants, startRun, ended, progressOf, until, idsStored } =
      await ingestionScene({ tickets: 2_000 })
    helpdesk.setFaults([heldAt(8)])
    const system = await open()
    await makeTenants(system, TENANTS)
    helpdesk.clearCalls()
    const answered = () => callsForTickets(helpdesk).filter(({ status }) => status === 200)
    const early = await startRun(system, 'tenant_a')
    await until('the first run never got going', async () => (await progressOf(system, early)).processed_pages === 7)
    await until('it was never held', () => callsForTickets(helpdesk).some(({ status }) => status === 429))
    const before = answered().length
    const late = await startRun(system, 'tenant_b')
    await walking(databaseUrl, 2)
    helpdesk.setFaults([])
    expect(await ended(system, early)).toMatchObject({ status: 'completed' })
    expect(await ended(system, late)).toMatchObject({ status: 'completed', total_pages: 19, processed_pages: 19 })

    const after = answered().slice(before)
    const pagesAfter = new Set(after.filter(({ path }) => path === PAGES).map(({ query }) => JSON.stringify(query)))
    expect(pagesAfter.size).toBe(19)
    // Alone, the second run would have needed all 19 pages after the first one had ended.
    expect(answered().length).toBeLessThan(2 * 19)
    expect((await idsStored()).tenant_b).toEqual(await idsAtProvider(helpdesk, 'tenant_b'))
  })

  it('go on when the one that sweeps for them is cancelled', async () => {
    const { helpdesk, databaseUrl, open, makeTenants, startRun, ended, progressOf, until, operator, idsStored } =
      await ingestionScene({ tickets: 2_000 })
    helpdesk.setFaults([heldAt(8)])
    const system = await open()
    await makeTenants(system, TENANTS)
    const first = await startRun(system, 'tenant_a')
    await until('nobody got going', async () => (await progressOf(system, first)).processed_pages === 7)
    const second = await startRun(system, 'tenant_b')
    await walking(databaseUrl, 2)
    await operator(system, `/ingest/${first}`, 'DELETE')
    expect(await ended(system, first)).toMatchObject({ status: 'cancelled' })
    helpdesk.setFaults([])
    expect(await ended(system, second)).toMatchObject({ status: 'completed', stable: true })
    expect((await idsStored()).tenant_b).toEqual(await idsAtProvider(helpdesk, 'tenant_b'))
  })
})

describe('a sweep that waits for its budget', () => {
  it('stays with the run that has it, however long that takes: no call is made for nothing', async () => {
    const { helpdesk, open, makeTenants, startRun, ended } = await ingestionScene({ tickets: 300 })
    const system = await open({
      ...{ EXTERNAL_RATE_LIMIT: '4', EXTERNAL_RATE_WINDOW_SECONDS: '22', TASK_LEASE_SECONDS: '10' },
    })
    await makeTenants(system, ['tenant_a'])
    helpdesk.clearCalls()
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ status: 'completed', calls: 5 })
    // Three pages between two lists; a lease shorter than the wait would lose the page that was waited for.
    expect(callsForTickets(helpdesk)).toHaveLength(5)
  })
})

describe('what is gone at the provider', () => {
  it('is deleted after a stable walk, comes back when it is restored, and other tenants are left alone', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, idsStored } = await ingestionScene({
      tickets: 600,
      modified: 0,
    })
    const system = await open()
    await makeTenants(system, ['tenant_a', 'tenant_b'])
    for (const tenant of ['tenant_a', 'tenant_b']) await ended(system, await startRun(system, tenant))
    const gone = (await idsAtProvider(helpdesk, 'tenant_a')).slice(10, 15)
    const theirs = (await idsAtProvider(helpdesk, 'tenant_b')).slice(0, 1)
    for (const id of [...gone, ...theirs]) helpdesk.deleteTicket(id)

    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({
      status: 'completed',
      deleted: 5,
      created: 0,
    })
    expect((await idsStored()).tenant_a).toEqual(await idsAtProvider(helpdesk, 'tenant_a'))
    expect((await idsStored()).tenant_b).toContain(theirs[0])

    for (const id of gone.slice(0, 2)) helpdesk.restoreTicket(id)
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ restored: 2, deleted: 0 })
    expect((await idsStored()).tenant_a).toEqual(await idsAtProvider(helpdesk, 'tenant_a'))
  })

  it('is not deleted by a walk that was cancelled, failed or shaken', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, operator, progressOf, until, idsStored } =
      await ingestionScene({ tickets: 600 })
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    await ended(system, await startRun(system, 'tenant_a'))
    const before = (await idsStored()).tenant_a
    for (const id of (await idsAtProvider(helpdesk, 'tenant_a')).slice(0, 3)) helpdesk.deleteTicket(id)

    helpdesk.setFaults([{ route: PAGES, match: { page: 5 }, kind: 'hang' }])
    const cancelled = await startRun(system, 'tenant_a')
    await until('page 4 never came', async () => (await progressOf(system, cancelled)).processed_pages >= 4)
    await operator(system, `/ingest/${cancelled}`, 'DELETE')
    await ended(system, cancelled)
    helpdesk.setFaults([{ route: PAGES, match: { page: 5 }, kind: 'status', status: 403 }])
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ status: 'failed' })
    expect((await idsStored()).tenant_a).toEqual(before)

    helpdesk.setFaults([])
    helpdesk.set({ driftInsert: 1 })
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({
      status: 'completed',
      stable: false,
      pass: 3,
      deleted: 0,
    })
    helpdesk.set({ driftInsert: 0 })
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ stable: true, deleted: 3 })
    expect((await idsStored()).tenant_a).toEqual(await idsAtProvider(helpdesk, 'tenant_a'))
  })

  it('waits for a person when it is more than 30 % of the tenant’s tickets', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, operator, idsStored } = await ingestionScene({
      tickets: 400,
      deleted: 0,
    })
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    const first = await ended(system, await startRun(system, 'tenant_a'))
    const doomed = (await idsAtProvider(helpdesk, 'tenant_a')).slice(0, Math.ceil(first.created * 0.4))
    for (const id of doomed) helpdesk.deleteTicket(id)
    const job = await startRun(system, 'tenant_a')
    expect(await ended(system, job)).toMatchObject({
      status: 'completed',
      deleted: 0,
      deletions_awaiting_confirmation: doomed.length,
    })
    expect((await idsStored()).tenant_a).toHaveLength(first.created)

    expect(await operator(system, `/ingest/${job}/confirm-deletions`, 'POST')).toMatchObject({
      status: 200,
      body: { deleted: doomed.length },
    })
    expect((await idsStored()).tenant_a).toEqual(await idsAtProvider(helpdesk, 'tenant_a'))
    expect(await operator(system, `/ingest/${job}/confirm-deletions`, 'POST')).toMatchObject({ status: 409 })
  })
})

describe('a walk over pages that shift', () => {
  it('goes round again until a pass is stable, and then has exactly what the provider has', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, progressOf, until, idsStored } = await ingestionScene({
      tickets: 1_500,
    })
    const inFront = (await idsAtProvider(helpdesk, 'tenant_b'))[0] ?? ''
    helpdesk.setFaults([heldAt(8)])
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    const job = await startRun(system, 'tenant_a')
    await until('the walk never got half-way', async () => (await progressOf(system, job)).processed_pages === 7)
    // One deletion in front shifts all that follows; one insertion hides it in the count.
    helpdesk.deleteTicket(inFront)
    helpdesk.insertTicket({ tenant_id: 'tenant_a' })
    helpdesk.setFaults([])
    expect(await ended(system, job)).toMatchObject({ status: 'completed', stable: true, pass: 2 })
    expect((await idsStored()).tenant_a).toEqual(await idsAtProvider(helpdesk, 'tenant_a'))
  })
})

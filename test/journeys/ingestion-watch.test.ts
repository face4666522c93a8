import { describe, expect, it } from 'vitest'
import { ingestionScene, type Job } from '../harness/ingestion.ts'
import { listenToEvents } from '../harness/listeners.ts'
import { heldAt } from '../harness/provider.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN } from '../harness/system.ts'

describe('the status of a tenant’s ingestion', () => {
  it('is idle, running, and idle again with the run in the log', async () => {
    const { open, makeTenants, startRun, ended, operator } = await ingestionScene({ tickets: 500 })
    // Without a worker first, so that the run cannot be over before it is seen.
    const system = await open({ SIGNALBOX_ROLES: 'api,scheduler' })
    await makeTenants(system, ['tenant_a'])
    type Status = { status: string; current: Job | null; last_runs: Job[] }
    const status = async () => (await operator<Status>(system, '/ingest/status?tenant_id=tenant_a')).body
    expect(await status()).toMatchObject({ status: 'idle', current: null, last_runs: [] })
    const job = await startRun(system, 'tenant_a')
    expect(await status()).toMatchObject({ status: 'running', current: { job_id: job } })
    await open({ SIGNALBOX_ROLES: 'worker' })
    const done = await ended(system, job)
    expect(await status()).toMatchObject({
      status: 'idle',
      current: null,
      last_runs: [{ job_id: job, status: 'completed' }],
    })

    const { body } = await operator<{ logs: Job[] }>(system, '/ingest/logs?tenant_id=tenant_a&status=completed')
    expect(body.logs).toEqual([done])
    expect(done).toMatchObject({ calls: 7, retries: 0, throttled: 0, started_by: 'operator', error: null })
    expect(
      (await operator<{ logs: Job[] }>(system, '/ingest/logs?tenant_id=tenant_a&status=failed')).body.logs,
    ).toEqual([])
  })
})

describe('the progress stream', () => {
  it('sends an event for each change and ends with the job', async () => {
    const { helpdesk, open, makeTenants, startRun, until } = await ingestionScene({ tickets: 1_500 })
    helpdesk.setFaults([heldAt(8)])
    const system = await open({ SIGNALBOX_ROLES: 'api,scheduler' })
    await makeTenants(system, ['tenant_a'])
    const job = await startRun(system, 'tenant_a')
    const stream = await listenToEvents(`${system.url}/ingest/progress/${job}/stream`, { token: OPERATOR_TOKEN })
    expect(stream.status).toBe(200)
    const events = () => stream.others.filter((event) => event.startsWith('event:'))
    const jobs = () => events().map((event) => JSON.parse(event.split('\ndata: ')[1] ?? '{}') as Job)
    await until('the beginning was never told', () => jobs().some(({ processed_pages }) => processed_pages === 0))
    await open({ SIGNALBOX_ROLES: 'worker' })
    await until('the pages were never told', () => jobs().some(({ processed_pages }) => processed_pages === 7))
    helpdesk.setFaults([])
    await until('the stream never ended', stream.isOver)
    const percents = jobs().map(({ progress }) => progress)
    expect(percents.length).toBeGreaterThan(2)
    expect(percents).toEqual(percents.toSorted((a, b) => a - b))
    expect(events().at(-1)).toMatch(/^event: ended\n/)
    expect(percents.at(-1)).toBe(100)
  })
})

describe('a ticket that cannot be used', () => {
  it('is set aside with its reason, does not stop its page, is not taken for deleted, and leaves the list when it is mended', async () => {
    const { helpdesk, open, makeTenants, startRun, ended, operator } = await ingestionScene({
      tickets: 300,
      modified: 0,
    })
    const bad = helpdesk.insertTicket({ tenant_id: 'tenant_a', status: 'escalated' })
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    const rejects = async () =>
      (
        await operator<{ rejects: { external_id: string; reason: string }[] }>(
          system,
          '/ingest/rejects?tenant_id=tenant_a',
        )
      ).body.rejects
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({
      status: 'completed',
      failed: 1,
      stable: true,
    })
    expect(await rejects()).toMatchObject([{ external_id: bad.id, reason: expect.stringContaining('status') }])

    helpdesk.changeTicket(bad.id, { status: 'open' })
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ failed: 0, created: 1 })
    expect(await rejects()).toEqual([])
    helpdesk.changeTicket(bad.id, { status: 'escalated' })
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ failed: 1, deleted: 0 })
  })
})

describe('a schedule', () => {
  it('starts a run when its time has come, one after an outage, and is shown in the status', async () => {
    const { open, makeTenants, operator, until, databaseUrl } = await ingestionScene({ tickets: 100 })
    const system = await open()
    await makeTenants(system, ['tenant_a'])
    type Status = { last_runs: (Job & { started_by: string })[]; schedule: { every_minutes: number } | null }
    const status = async () => (await operator<Status>(system, '/ingest/status?tenant_id=tenant_a')).body
    await operator(system, '/ingest/schedule?tenant_id=tenant_a', 'PUT', { every_minutes: 15 })
    expect(await status()).toMatchObject({ schedule: { every_minutes: 15 }, last_runs: [] })

    await fallDue(databaseUrl)
    const runs = await until('no run was started', async () => {
      const { last_runs } = await status()
      return last_runs.length > 0 && last_runs
    })
    expect(runs).toMatchObject([{ started_by: 'schedule', status: 'completed' }])
    await operator(system, '/ingest/schedule?tenant_id=tenant_a', 'DELETE')
    expect(await status()).toMatchObject({ schedule: null })
  })
})

/** What a day without any process looks like to the scheduler. */
async function fallDue(databaseUrl: string): Promise<void> {
  await administer(databaseUrl, (client) =>
    client.query("update ingestion_schedules set next_run_at = now() - interval '1 day'"),
  )
}

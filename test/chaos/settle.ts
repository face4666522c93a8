import { administer } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Scene } from './scene.ts'
import { TENANTS } from './schedule.ts'

/** Two minutes until the queue finds a forgotten job, and a run beside it. */
const RUN_SECONDS = 300
const WELL_SECONDS = 300
/** A dead process keeps what it was sending for 65 s, and a circuit rests for 30 s. */
const DRAIN_SECONDS = 240

type Job = { job_id: string; status: string; deletions_awaiting_confirmation: number; error: { code: string } | null }

/** Takes everything down that is wrong with the surroundings, and waits until every process says that it is well. */
export async function mend(scene: Scene): Promise<void> {
  const { helpdesk, processes } = scene
  helpdesk.setFaults([])
  helpdesk.set({ notify: 'ok' })
  for (const each of processes) each.start()
  await waitFor(
    'not all processes became well',
    async () => {
      const urls = processes.flatMap((each) => each.url() ?? [])
      const answers = await Promise.all(
        urls.map((url) => fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) })),
      )
      return urls.length === processes.length && answers.every(({ ok }) => ok)
    },
    WELL_SECONDS,
  )
}

/** One more run of each tenant, which has to complete; a person confirms what is left to a person. */
export async function runOnceMore(scene: Scene): Promise<void> {
  await Promise.all(TENANTS.map((tenant) => runTenant(scene, tenant)))
}

async function runTenant({ client, ledger, print }: Scene, tenant: string): Promise<void> {
  const ended = (job: string) =>
    waitFor(
      `run ${job} of ${tenant} never ended`,
      async () => {
        const { body } = await client.ask<Job>(`/ingest/progress/${job}`)
        return ['completed', 'failed', 'cancelled'].includes(body.status) ? body : undefined
      },
      RUN_SECONDS,
    )
  for (;;) {
    const { status, body } = await client.ask<{ job_id: string }>(`/ingest/run?tenant_id=${tenant}`, 'POST')
    if (status === 202) ledger.runs.add(body.job_id)
    const job = await ended(body.job_id)
    // One that was under way already has perhaps not seen the last change.
    if (status !== 202) continue
    if (job.status !== 'completed') throw new Error(`the last run of ${tenant} ended as ${JSON.stringify(job)}`)
    const waiting = job.deletions_awaiting_confirmation
    if (waiting > 0) await client.ask(`/ingest/${job.job_id}/confirm-deletions`, 'POST')
    return print(`the last run of ${tenant} completed${waiting > 0 ? `, ${waiting} deletions confirmed` : ''}`)
  }
}

/** Until no delivery is to be made and no task waits or runs; what is left then is for the invariants to tell. */
export async function drain({ databaseUrl, print }: Scene): Promise<void> {
  const started = performance.now()
  const withinSeconds = DRAIN_SECONDS + (await furthestSeconds(databaseUrl))
  await administer(databaseUrl, (client) =>
    waitFor(
      'it did not drain',
      async () => {
        const { rows } = await client.query<{ left: number }>(
          `select (select count(*) from deliveries where state in ('waiting', 'sending'))::int
             + (select count(*) from tasks where status in ('queued', 'running', 'retrying'))::int as left`,
        )
        return rows[0]?.left === 0
      },
      withinSeconds,
    ),
  ).catch((error) => print((error as Error).message))
  print(`drained within ${((performance.now() - started) / 1_000).toFixed(0)} s`)
}

/** What has failed more than ten times stands back for up to an hour. */
const furthestSeconds = (databaseUrl: string): Promise<number> =>
  administer(databaseUrl, async (client) => {
    const { rows } = await client.query<{ seconds: number }>(
      `select coalesce(greatest(0, extract(epoch from max(due_at) - now())), 0)::float8 as seconds from deliveries where state = 'waiting'`,
    )
    return rows[0]?.seconds ?? 0
  })

import { type Call, startMockProvider } from '../mock-provider/index.ts'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { callsForTickets } from '../test/harness/provider.ts'
import { createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

/** What the provider allows: so many calls in any window, as shipped and as the system assumes by default. */
const [LIMIT, WINDOW_SECONDS] = [60, 60]
const BUSY_SECONDS = Number(process.env.BENCH_SECONDS ?? 240)
const TENANTS = ['tenant_a', 'tenant_b', 'tenant_c', 'tenant_d', 'tenant_e']
/** The tenants' runs begin this far apart and so end apart: somebody always has pages to wait for. */
const CALLS_APART = 18
const ENDED = ['completed', 'failed', 'cancelled']

/**
 * Five tenants in two processes against the provider's real limit, run after run; all figures are from the provider's own
 * log. Its peer is a caller that knows the provider's window and leaves the moment a place is free.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer()
  const helpdesk = await startMockProvider({ port: 0, tenants: TENANTS.length })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const start = () => startSystemProcess(made.url, { EXTERNAL_API_URL: helpdesk.url })
    const systems = [await start(), await start()]
    const runs = await Promise.all(
      TENANTS.map((tenant, index) =>
        keepRunning(systems[index % 2] as SystemUnderBench, tenant, () => {
          const calls = callsForTickets(helpdesk)
          const first = calls[0]
          const seconds = first ? (Date.now() - Date.parse(first.at)) / 1_000 : 0
          return { mayStart: calls.length >= index * CALLS_APART, isOver: seconds >= BUSY_SECONDS }
        }),
      ),
    )
    report(callsForTickets(helpdesk), runs.flat())
    await Promise.all(systems.map((system) => system.stop()))
  } finally {
    await helpdesk.close()
    await server.close()
  }
}

type Job = { job_id: string; status: string; attempt: number; calls: number }

/** Starts a run as soon as the one before has ended, until it is over. */
async function keepRunning(
  system: SystemUnderBench,
  tenant: string,
  now: () => { mayStart: boolean; isOver: boolean },
): Promise<Job[]> {
  const ask = async (path: string, method = 'GET', body?: unknown) =>
    (await call<Job>(system.url + path, { method, token: OPERATOR_TOKEN, ...(body ? { body } : {}) })).body
  await ask('/tenants', 'POST', { tenant_id: tenant, name: tenant })
  const ended: Job[] = []
  while (!now().mayStart) await sleep(50)
  while (!now().isOver) {
    const { job_id } = await ask(`/ingest/run?tenant_id=${tenant}`, 'POST')
    let job = await ask(`/ingest/progress/${job_id}`)
    while (!ENDED.includes(job.status)) {
      await sleep(100)
      job = await ask(`/ingest/progress/${job_id}`)
    }
    ended.push(job)
  }
  return ended
}

function report(calls: readonly Call[], runs: readonly Job[]): void {
  const external = calls.filter(({ path }) => path.startsWith('/external/'))
  const at = external.map((each) => Date.parse(each.at) / 1_000)
  const busySeconds = (at.at(-1) ?? 0) - (at[0] ?? 0)
  const inWindowFrom = (from: number) => at.filter((other) => other >= from && other < from + WINDOW_SECONDS).length
  // How long each call came after the one LIMIT calls before it; the provider allows WINDOW_SECONDS. Unlike calls divided
  // by time, this does not depend on where in a burst the log ends.
  const distances = at.slice(LIMIT).map((time, index) => time - (at[index] ?? 0))
  const mean = distances.reduce((sum, seconds) => sum + seconds, 0) / distances.length
  const windows = Math.floor(busySeconds / WINDOW_SECONDS)
  const inWindows = at.filter((time) => time < (at[0] ?? 0) + windows * WINDOW_SECONDS).length
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const throttled = external.filter(({ status }) => status === 429).length
  const outcomes = runs.map(({ status, attempt }) => `${status}/${attempt}`)
  console.log(`runs                ${runs.length}, outcome/attempt ${[...new Set(outcomes)].join(', ')}`)
  console.log(`calls               ${external.length} in ${busySeconds.toFixed(1)} s, ${throttled} answered 429`)
  console.log(
    `fullest ${WINDOW_SECONDS} s        ${Math.max(...at.map(inWindowFrom))} calls (the provider allows ${LIMIT})`,
  )
  console.log(
    `share of the budget ${percent(inWindows / (windows * LIMIT))} (${inWindows} calls in the first ${windows} windows)`,
  )
  console.log(
    `steady share        ${percent(WINDOW_SECONDS / mean)} (a call ${mean.toFixed(2)} s after the ${LIMIT}th before it; longest ${Math.max(...distances).toFixed(2)} s)`,
  )
}

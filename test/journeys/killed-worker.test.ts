import { expect, it } from 'vitest'
import { randomStream } from '../../mock-provider/random.ts'
import { sleep } from '../../src/kernel/abort.ts'
import { counterDifferences } from '../harness/counters.ts'
import { deadProcesses } from '../harness/dead-process.ts'
import { ingestionScene } from '../harness/ingestion.ts'
import { callsForTickets, PAGES, ticketsAtProvider } from '../harness/provider.ts'
import { changeClock, changeSomeTickets } from '../harness/provider-changes.ts'
import type { SystemProcess } from '../harness/system.ts'

const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000)
const KILLS = Number(process.env.KILLS ?? 20)
/** A run has five attempts, and each kill may cost it one; one is left for what a slow machine does. */
const KILLS_PER_ROUND = 3
const TENANTS = ['tenant_a', 'tenant_b', 'tenant_c']
/** A page is fetched and stored within about so many milliseconds: kills fall before, into and after its transaction. */
const PAGE_MS = 40

it(`kill -9 of workers at ${KILLS} random instants leaves exactly what the provider has, round after round`, {
  timeout: 300_000 + KILLS * 30_000,
}, async () => {
  const failure = `KILL_SEED=${SEED} draws the same instants again`
  const random = randomStream(SEED, 'kills')
  const now = changeClock()
  const { helpdesk, databaseUrl, start, makeTenants, startRun, progressOf, ended, until, differences } =
    await ingestionScene({ tickets: 900, modified: 0, seed: SEED })
  helpdesk.setFaults([{ route: PAGES, kind: 'slow', delay_ms: 15 }])
  const { tasksOf, storingProcess, kill } = await deadProcesses(databaseUrl)
  const api = await start({ SIGNALBOX_ROLES: 'api,scheduler' })
  await makeTenants(api, TENANTS)

  const alive: SystemProcess[] = []
  const startWorker = async () => {
    // The job of a killed worker counts against its tenant's share until the queue's heartbeat has run out.
    alive.push(await start({ SIGNALBOX_ROLES: 'worker', TASK_CONCURRENCY_PER_TENANT: '100' }))
  }
  const starting = [startWorker(), startWorker()]

  /** At a random provider call, and a random moment after it. */
  const atSomeCall = () => {
    const target = callsForTickets(helpdesk).length + random.integer(1, 5)
    const preferred = random.integer(0, 1)
    const delay = random.integer(0, PAGE_MS)
    return async () => {
      if (callsForTickets(helpdesk).length < target) return undefined
      for (const worker of [alive[preferred], ...alive]) {
        if (!worker || (await tasksOf(worker)) === 0) continue
        await sleep(delay)
        return worker
      }
      return undefined
    }
  }
  /** While a transaction is open that has changed tickets. */
  const inTheMiddleOfAPage = () => async () => {
    const pid = await storingProcess()
    return alive.find((worker) => worker.pid === pid)
  }

  let kills = 0
  while (kills < KILLS) {
    const tickets = await Promise.all(TENANTS.map((tenant) => ticketsAtProvider(helpdesk, tenant)))
    changeSomeTickets(helpdesk, tickets.flat(), random, now)
    const jobs = await Promise.all(TENANTS.map((tenant) => startRun(api, tenant)))
    const allEnded = async () => {
      const found = await Promise.all(jobs.map((job) => progressOf(api, job)))
      return found.every(({ status }) => status === 'completed' || status === 'failed')
    }
    for (let attempt = 1; attempt <= KILLS_PER_ROUND && kills < KILLS; attempt += 1) {
      const instant = random.chance(0.5) ? atSomeCall() : inTheMiddleOfAPage()
      const victim = await until(
        `no worker did anything; ${failure}`,
        async () => (await instant()) ?? ((await allEnded()) && 'too late'),
      )
      if (victim === 'too late') break
      alive.splice(alive.indexOf(victim), 1)
      if ((await kill(victim)) > 0) kills += 1
      // Not waited for: meanwhile the other one goes on with what it finds.
      starting.push(startWorker())
    }
    for (const job of jobs) expect(await ended(api, job), failure).toMatchObject({ status: 'completed' })
    expect(await differences(TENANTS), failure).toEqual([])
    expect(await counterDifferences(databaseUrl), failure).toEqual([])
  }
  await Promise.all(starting)
})

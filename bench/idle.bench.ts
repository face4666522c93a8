import { sleep } from '../src/kernel/abort.ts'
import { administer } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { type SystemUnderBench, startSystemProcess } from './system-process.ts'

const SETTLE_SECONDS = 15
const WATCH_SECONDS = 30

/** What one process with all roles costs while nothing happens: memory, wake-ups, transactions. */
export async function bench(): Promise<void> {
  const server = await startTestServer()
  try {
    const system = await startSystemProcess(server.url)
    await sleep(SETTLE_SECONDS * 1_000)
    const before = await reading(system, server.url)
    await sleep(WATCH_SECONDS * 1_000)
    const after = await reading(system, server.url)
    const perSecond = (from: number, to: number) => ((to - from) / WATCH_SECONDS).toFixed(1)
    console.log(`resident memory     ${Math.round(after.residentKilobytes / 1_024)} MB`)
    console.log(`wake-ups            ${perSecond(before.wakeUps, after.wakeUps)} a second (main thread)`)
    console.log(`transactions        ${perSecond(before.transactions, after.transactions)} a second`)
    await system.stop()
  } finally {
    await server.close()
  }
}

async function reading(system: SystemUnderBench, databaseUrl: string) {
  const { rows } = await administer(databaseUrl, (client) =>
    client.query('select sum(xact_commit + xact_rollback)::int as transactions from pg_stat_database'),
  )
  return {
    residentKilobytes: system.figure('VmRSS'),
    wakeUps: system.figure('voluntary_ctxt_switches'),
    transactions: rows[0].transactions as number,
  }
}

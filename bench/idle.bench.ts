import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep } from '../src/kernel/abort.ts'
import { startEmbeddedPostgres } from '../src/platform/database/embedded/index.ts'
import { administer } from '../test/harness/server.ts'

const SETTLE_SECONDS = 15
const WATCH_SECONDS = 30

/** What one process with all roles costs while nothing happens: memory, wake-ups, transactions. Linux only. */
export async function bench(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  chmodSync(dataDir, 0o755)
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false })
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
    stdio: 'ignore',
    env: { ...process.env, DATABASE_URL: postgres.url, PORT: '0', SIGNALBOX_DEMO: 'false' },
  })
  try {
    await sleep(SETTLE_SECONDS * 1_000)
    const before = await reading(child.pid ?? 0, postgres.url)
    await sleep(WATCH_SECONDS * 1_000)
    const after = await reading(child.pid ?? 0, postgres.url)
    const perSecond = (from: number, to: number) => ((to - from) / WATCH_SECONDS).toFixed(1)
    console.log(`resident memory     ${Math.round(after.residentKilobytes / 1_024)} MB`)
    console.log(`wake-ups            ${perSecond(before.wakeUps, after.wakeUps)} a second (main thread)`)
    console.log(`transactions        ${perSecond(before.transactions, after.transactions)} a second`)
  } finally {
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
    await postgres.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function reading(pid: number, url: string) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  const { rows } = await administer(url, (client) =>
    client.query('select sum(xact_commit + xact_rollback)::int as transactions from pg_stat_database'),
  )
  return {
    residentKilobytes: figure('VmRSS'),
    wakeUps: figure('voluntary_ctxt_switches'),
    transactions: rows[0].transactions as number,
  }
}

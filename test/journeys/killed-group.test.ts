import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { startMockProvider } from '../../mock-provider/index.ts'
import { call } from '../harness/call.ts'
import { idsAtProvider, PAGES } from '../harness/provider.ts'
import { waitFor } from '../harness/wait-for.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-killed-'))
chmodSync(dataDir, 0o755)
const OPERATOR = 'operator-of-the-killed-group'

/** The whole system on its embedded database, in a process group of its own, by the command that `npm start` runs. */
function start(providerUrl: string) {
  const child = spawn(process.execPath, [join(root, 'bin/signalbox.mjs'), 'start'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      ...{ PORT: '0', SIGNALBOX_DATA_DIR: dataDir, SIGNALBOX_DEMO: 'false', SIGNALBOX_ADMIN_TOKEN: OPERATOR },
      ...{ EXTERNAL_API_URL: providerUrl, TASK_LEASE_SECONDS: '10' },
    },
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return {
    exited,
    url: () =>
      waitFor('it never served', () => {
        if (child.exitCode !== null) throw new Error(output)
        return /"address":"([^"]+)"/.exec(output)?.[1]
      }),
    signalGroup: (signal: NodeJS.Signals) => process.kill(-(child.pid ?? 0), signal),
  }
}

/** Processes whose command line names the data directory: the servers of its database, and us. */
function processesOfDataDir(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDir)
      } catch {
        return false
      }
    })
}

afterAll(() => {
  for (const pid of processesOfDataDir()) process.kill(Number(pid), 'SIGKILL')
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 })
})

describe('kill -9 of the whole process group during ingestion', () => {
  it('loses and doubles no ticket: the run goes on after the next start, and a new run completes', async () => {
    const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, tickets: 2_000 })
    helpdesk.setFaults([{ route: PAGES, kind: 'slow', delay_ms: 100 }])
    type Job = {
      job_id: string
      status: string
      processed_pages: number
      created: number
      unchanged: number
      updated: number
    }
    const ask = async <Body>(url: string, method = 'GET', body?: unknown) =>
      (await call<Body>(url, { method, token: OPERATOR, ...(body === undefined ? {} : { body }) })).body

    const first = start(helpdesk.url)
    const url = await first.url()
    await ask(`${url}/tenants`, 'POST', { tenant_id: 'tenant_a', name: 'A', time_zone: 'UTC' })
    const { job_id } = await ask<Job>(`${url}/ingest/run?tenant_id=tenant_a`, 'POST')
    await waitFor(
      'the run never got going',
      async () => (await ask<Job>(`${url}/ingest/progress/${job_id}`)).processed_pages >= 5,
    )
    first.signalGroup('SIGKILL')
    await first.exited
    helpdesk.setFaults([])

    const second = start(helpdesk.url)
    const again = await second.url()
    const ended = (job: string) =>
      waitFor('the run never ended', async () => {
        const now = await ask<Job>(`${again}/ingest/progress/${job}`)
        return ['completed', 'failed'].includes(now.status) ? now : undefined
      })
    const resumed = await ended(job_id)
    const expected = (await idsAtProvider(helpdesk, 'tenant_a')).length
    expect(resumed).toMatchObject({ status: 'completed', processed_pages: 19, created: expected })

    const fresh = await ended((await ask<Job>(`${again}/ingest/run?tenant_id=tenant_a`, 'POST')).job_id)
    expect(fresh).toMatchObject({ status: 'completed', created: 0 })
    expect(fresh.unchanged + fresh.updated).toBe(resumed.created)

    second.signalGroup('SIGTERM')
    expect(await second.exited).toBe(0)
    await waitFor('something was left running', () => processesOfDataDir().length === 0)
    await helpdesk.close()
  })
})

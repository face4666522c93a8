import { spawn, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const system = testSystem()
const pathOf = (name: string) => fileURLToPath(new URL(`../../docs/workers/${name}`, import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0
// Said loudly: whoever reads the summary sees one that was skipped, and why.
if (!hasPython) console.warn('python3 is not on this machine: docs/workers/worker.py is not tried')

const EXAMPLES = [
  { name: 'worker.ts', program: process.execPath, isHere: true },
  { name: 'worker.py', program: 'python3', isHere: hasPython },
]

describe('the example of a worker', () => {
  for (const { name, program, isHere } of EXAMPLES) {
    it.skipIf(!isHere)(`${name} has at most 40 lines, works on a task, and says when one cannot be done`, async () => {
      const lines = (await readFile(pathOf(name), 'utf8')).trimEnd().split('\n')
      expect(lines.length).toBeLessThanOrEqual(40)
      const tenant = `example_${name.replace('worker.', '')}`
      const make = factories(system)
      await make.makeTenant(tenant)
      const { secret } = await make.makeKey(tenant, ['worker.run'])
      const ask = async <Body>(method: string, path: string, body?: unknown) => {
        const url = `${system.url}/api/v1${path}?tenant_id=${tenant}`
        const answer = await call<Body>(url, { method, token: OPERATOR_TOKEN, body })
        expect(answer.status, answer.text).toBeLessThan(300)
        return answer.body
      }
      await ask('PUT', '/worker/kinds/custom.greet', {
        ...{ about: 'Greets somebody', payload_schema: { type: 'object' }, attempts_max: 1 },
      })
      const env = {
        ...process.env,
        NO_PROXY: '127.0.0.1',
        no_proxy: '127.0.0.1',
        SIGNALBOX_URL: system.url,
        SIGNALBOX_KEY: secret,
        SIGNALBOX_TENANT: tenant,
      }
      const worker = spawn(program, [pathOf(name)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      onTestFinished(async () => {
        const exited = new Promise((resolve) => worker.once('exit', resolve))
        if (worker.exitCode === null && worker.kill('SIGKILL')) await exited
      })
      let said = ''
      for (const stream of [worker.stdout, worker.stderr]) {
        stream.on('data', (data) => {
          said += String(data)
        })
      }
      const becomes = async (payload: object, status: string) => {
        const { task_id } = await ask<{ task_id: string }>('POST', '/tasks', { kind: 'custom.greet', payload })
        return waitFor(`the task never ${status}`, async () => {
          if (worker.exitCode !== null) throw new Error(`the worker ended: ${said}`)
          const task = await ask<{ status: string; result: unknown; error: unknown }>('GET', `/tasks/${task_id}`)
          return task.status === status ? task : undefined
        })
      }
      expect((await becomes({ name: 'Ada' }, 'succeeded')).result).toEqual({ greeting: 'Hello, Ada' })
      if (name === 'worker.py') expect((await becomes({}, 'failed')).error).toMatchObject({ code: 'custom.failed' })
    })
  }
})

import { Client } from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { taskViolations } from '../chaos/tasks/invariants.ts'
import { type FakeSqs, startFakeSqs } from '../fakes/sqs.ts'
import { call } from '../harness/call.ts'
import { deadProcesses } from '../harness/dead-process.ts'
import { createDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem } from '../harness/system.ts'
import { sqsEnvironment } from '../harness/transports.ts'
import { waitFor } from '../harness/wait-for.ts'

const STEPS = { steps: 20, milliseconds: 250 }
const TASKS = 16

/** A process in which loading anything of AWS fails. */
const WITHOUT_AWS = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({ resolve: (name, context, next) => {
    if (name.startsWith('@aws-sdk/')) throw new Error('nothing of AWS is here')
    return next(name, context)
  } })`)}`

async function scene(transport: 'postgres' | 'sqs') {
  const { url, drop } = await createDatabase(inject('serverUrl'))
  onTestFinished(drop)
  const sqs: FakeSqs | undefined = transport === 'sqs' ? await startFakeSqs({ maxReceives: 100 }) : undefined
  if (sqs) onTestFinished(() => sqs.close())
  // What a killed process had counts against its tenant's share until its heartbeat has run out.
  const environment = {
    TASK_CONCURRENCY_PER_TENANT: '100',
    SCHEDULER_LOOK_SECONDS: '1',
    ...(sqs && sqsEnvironment(sqs)),
  }
  const start = (roles: string, more = {}) => spawnSystem(url, { ...environment, SIGNALBOX_ROLES: roles, ...more })
  return { url, sqs, start }
}

describe.each(['postgres', 'sqs'] as const)('over %s, tasks whose workers are killed and frozen', (transport) => {
  it('are all done, each ended once and by the worker that claimed it last', { timeout: 300_000 }, async () => {
    const { url, sqs, start } = await scene(transport)
    const [server, ...workers] = await Promise.all([start('api,scheduler'), start('worker'), start('worker')])
    const post = async <Body>(path: string, body: object) =>
      (await call<Body>(server.url + path, { method: 'POST', token: OPERATOR_TOKEN, body })).body
    await post('/tenants', { tenant_id: 'tenant_a', name: 'Alder' })
    await sqs?.setFaults('duplicate', 'reorder')
    const task = { title: 'Steps', kind: 'demo.progress', payload: STEPS, attempts_max: 20 }
    const added = await Promise.all(
      Array.from({ length: TASKS }, () => post<{ task_id: string }>('/tasks?tenant_id=tenant_a', task)),
    )
    const { tasksOf, expireLeases } = await deadProcesses(url)

    const killed = await waitFor('no worker ever had a task', async () => {
      for (const worker of workers) if ((await tasksOf(worker)) > 0) return worker
      return undefined
    })
    killed.kill('SIGKILL')
    await killed.exited
    await expireLeases(killed)
    const [frozen] = workers.filter((worker) => worker !== killed)
    if (!frozen) throw new Error('there is one worker too few')

    await waitFor('the second worker never had a task when it was frozen', async () => {
      frozen.kill('SIGSTOP')
      // What waiting for as long as a lease does to a process that stands still.
      if ((await expireLeases(frozen)) > 0) return true
      frozen.kill('SIGCONT')
      return false
    })
    const superuser = new Client({ connectionString: url })
    await superuser.connect()
    onTestFinished(() => superuser.end())
    const living = async () => (await superuser.query('select from tasks where ended_at is null')).rowCount ?? 0
    const third = await start('worker')
    await waitFor('the third worker never took over', async () => (await tasksOf(third)) > 0 || (await living()) === 0)
    frozen.kill('SIGCONT')

    await waitFor('some tasks never ended', async () => (await living()) === 0)
    const ids = added.map(({ task_id }) => task_id)
    expect(ids).toHaveLength(TASKS)
    expect(await taskViolations(superuser, ids)).toEqual([])
  })
})

describe('nothing of AWS', () => {
  it('is loaded by a process whose tasks do not travel over SQS', { timeout: 120_000 }, async () => {
    const { start } = await scene('postgres')
    const system = await start('api,worker,scheduler', { NODE_OPTIONS: WITHOUT_AWS })
    expect((await call(`${system.url}/health/live`)).status).toBe(200)
  })

  it('is loaded late: without it a process whose tasks do says so, which shows that the check bites', {
    timeout: 120_000,
  }, async () => {
    const { start } = await scene('sqs')
    await expect(start('api', { NODE_OPTIONS: WITHOUT_AWS })).rejects.toThrow('nothing of AWS is here')
  })
})

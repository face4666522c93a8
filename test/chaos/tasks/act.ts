import { Client } from 'pg'
import { dispatchAll } from '../../../src/core/tasks/enqueue-task.ts'
import { sleep } from '../../../src/kernel/abort.ts'
import { assertNever } from '../../../src/kernel/assert-never.ts'
import { tenantId } from '../../../src/kernel/tenant-id.ts'
import { LEASE_SECONDS, type TaskScene } from './scene.ts'
import type { TaskAction } from './schedule.ts'

const FROZEN_MS = (LEASE_SECONDS + 3) * 1_000
const TERMINATES = 10
const TERMINATE_EVERY_MS = 200
const BLOCK_MS = 3_000
const FAULT_MS = 4_000

/** Does to the scene what a schedule says, and waits until that is over. */
export async function act(scene: TaskScene, action: TaskAction): Promise<void> {
  const { workers, superuser, sqs, print } = scene
  print(JSON.stringify(action))
  switch (action.kind) {
    case 'kill': {
      const worker = workers[action.worker]
      await worker?.kill()
      return worker?.start()
    }
    case 'kill_all':
      await Promise.all(workers.map((worker) => worker.kill()))
      for (const worker of workers) worker.start()
      return
    case 'freeze':
      workers[action.worker]?.freeze()
      await sleep(FROZEN_MS)
      return workers[action.worker]?.thaw()
    case 'terminate':
      for (let count = 0; count < TERMINATES; count += 1) {
        await superuser.query(`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and application_name not like '%chaos%'
          order by random() limit 2`)
        await sleep(TERMINATE_EVERY_MS)
      }
      return
    case 'block':
      return block(scene)
    case 'tell_twice':
      return tellTwice(scene)
    case 'sqs':
      await sqs?.setFaults(action.fault)
      await sleep(FAULT_MS)
      return sqs?.setFaults()
    default:
      return assertNever(action)
  }
}

/** Somebody locks tasks that live and then does nothing, as a forgotten psql does. */
async function block({ databaseUrl }: TaskScene): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'chaos blocker' })
  await client.connect()
  await client.query('begin')
  await client.query(`
    select from tasks where status in ('queued', 'running', 'retrying') limit 20 for update skip locked`)
  await sleep(BLOCK_MS)
  await client.end()
}

/** Every task that lives is told of once more. */
async function tellTwice({ database, queue, superuser }: TaskScene): Promise<void> {
  const { rows } = await superuser.query<{ tenant_id: string; task_id: string }>(
    `select tenant_id, task_id from tasks where status in ('queued', 'running', 'retrying') limit 500`,
  )
  await database.acrossTenants('chaos tells workers twice', (tx) =>
    dispatchAll(
      queue,
      tx,
      rows.map(({ tenant_id, task_id }) => ({ tenantId: tenantId(tenant_id), taskId: task_id, rank: 0 })),
    ),
  )
}

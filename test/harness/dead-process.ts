import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { redispatchForgottenTasks, startReaper } from '../../src/core/tasks/index.ts'
import { openDatabase } from '../../src/platform/database/index.ts'
import { openQueue } from '../../src/platform/queue/index.ts'
import { silent } from './database.ts'
import type { SystemProcess } from './system.ts'

const RUNS_IN = `status = 'running' and lease_owner like $1 || ':%'`

/**
 * Kills processes, and moves time for what they leave behind instead of waiting for leases to run out and a reaper to
 * look. Tells what they are doing, so that an instant can be chosen.
 */
export async function deadProcesses(url: string) {
  const database = openDatabase({ url, max: 2, logger: silent })
  const queue = await openQueue({ url, logger: silent, supervise: false, max: 2 })
  const superuser = new Client({ connectionString: url })
  await superuser.connect()
  onTestFinished(async () => {
    await superuser.end()
    await queue.stop(1)
    await database.close()
  })
  const expireLeases = async (process: SystemProcess): Promise<number> => {
    const expired = `update tasks set lease_expires_at = clock_timestamp() where ${RUNS_IN}`
    return (await superuser.query(expired, [process.pid])).rowCount ?? 0
  }
  return {
    /** What waiting for as long as a lease does to a process that stands still. Returns how many tasks it had. */
    expireLeases,

    /** How many tasks run in this process. */
    tasksOf: async (process: SystemProcess): Promise<number> =>
      (await superuser.query(`select from tasks where ${RUNS_IN}`, [process.pid])).rowCount ?? 0,

    /** The id of the process that sweeps, when a transaction that has changed tickets is open just now. */
    storingProcess: async (): Promise<number | undefined> => {
      const { rows } = await superuser.query<{ pid: number }>(
        `select split_part(lease_owner, ':', 1)::int as pid
         from ingestion.sweeps join tasks on task_id = owner and status = 'running'
         where exists (
           select from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()
             and backend_xid is not null and query like '%ticket_history%')`,
      )
      return rows[0]?.pid
    },

    /** Kills the process, ends its leases and lets a reaper look. Returns how many tasks it had. */
    kill: async (process: SystemProcess): Promise<number> => {
      process.kill('SIGKILL')
      await process.exited
      const count = await expireLeases(process)
      // A reaper looks first thing when it starts, and its stop waits for that.
      await startReaper({ database, queue, logger: silent }).stop()
      // Jobs that it had fetched and whose tasks it had not claimed: by its heartbeat the queue would notice half a
      // minute later. One of a living worker is told twice, which is harmless.
      await superuser.query(
        `delete from pgboss.job where name = 'tasks' and state = 'active' and exists (
           select from tasks where task_id::text = data ->> 'taskId' and status in ('queued', 'retrying'))`,
      )
      await redispatchForgottenTasks({ database, queue }, 0)
      return count
    },
  }
}

import { Client } from 'pg'
import { sleep } from '../../../src/kernel/abort.ts'

const LOOK_EVERY_MS = 100

/** How late a task of a worker that was lost ran again: after the end of its lease, as it was seen last. */
export type Resumption = { task: string; seconds: number }

/**
 * Watches the leases of tasks. `working`: whether anybody could have taken one just now; time without counts for nobody.
 */
export async function watchLeases(databaseUrl: string, working: () => boolean) {
  const client = new Client({ connectionString: databaseUrl, application_name: 'chaos watcher' })
  await client.connect()
  const leases = new Map<string, number>()
  const idle: { from: number; to: number }[] = []
  let over = false
  const watch = async () => {
    while (!over) {
      const { rows } = await client.query<{ task_id: string; fencing: string; ends: Date }>(
        `select task_id, fencing, lease_expires_at as ends from tasks where status = 'running'`,
      )
      for (const { task_id, fencing, ends } of rows) leases.set(`${task_id}:${fencing}`, ends.getTime())
      const now = Date.now()
      const last = idle.at(-1)
      if (!working()) {
        if (last && now - last.to < 10 * LOOK_EVERY_MS) last.to = now
        else idle.push({ from: now, to: now })
      }
      await sleep(LOOK_EVERY_MS)
    }
  }
  const watching = watch()
  const idleBetween = (from: number, to: number) =>
    idle.reduce((sum, gap) => sum + Math.max(0, Math.min(to, gap.to) - Math.max(from, gap.from)), 0)

  return {
    /** For each attempt that was lost and followed by another one. */
    end: async (): Promise<Resumption[]> => {
      over = true
      await watching
      const { rows } = await client.query<{ task_id: string; claim: string; next: Date }>(`
        select lost.task_id, lost.claim, next.started_at as next from task_attempts as lost
        join task_attempts as next on next.tenant_id = lost.tenant_id and next.task_id = lost.task_id and next.claim = lost.claim + 1
        where lost.outcome = 'lost'`)
      await client.end()
      return rows.flatMap(({ task_id, claim, next }) => {
        const ended = leases.get(`${task_id}:${claim}`)
        if (ended === undefined) return []
        return [{ task: task_id, seconds: (next.getTime() - ended - idleBetween(ended, next.getTime())) / 1_000 }]
      })
    },
  }
}

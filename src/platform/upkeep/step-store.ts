import { sql } from 'kysely'
import type { Database } from '../database/index.ts'

const REASON = 'upkeep is not about one tenant'

/** The right to do a step, until it expires. */
export type StepLease = { name: string; owner: string; fencing: number }

export type StepState = { name: string; is_due: boolean; succeeded_seconds: number | null }

/** What is known of steps; those that nobody has done yet are missing. `succeeded_seconds`: since 1970, of the last success. */
export async function readSteps(database: Database): Promise<StepState[]> {
  const [steps] = await database.acrossTenantsAtOnce(REASON, [
    sql<StepState>`
      select name, due_at <= clock_timestamp() and expires_at < clock_timestamp() as is_due,
        extract(epoch from succeeded_at)::float8 as succeeded_seconds
      from platform.upkeep_steps`,
  ])
  return steps
}

/** Takes a step that is due and that nobody has; one atomic statement. */
export async function takeStep(
  database: Database,
  { name, owner, leaseSeconds }: { name: string; owner: string; leaseSeconds: number },
): Promise<StepLease | undefined> {
  const [[taken]] = await database.acrossTenantsAtOnce(REASON, [
    sql<{ fencing: number }>`
      insert into platform.upkeep_steps as step (name, owner, fencing, expires_at)
      values (${name}, ${owner}, 1, clock_timestamp() + ${leaseSeconds} * interval '1 second')
      on conflict (name) do update
        set owner = excluded.owner, fencing = step.fencing + 1, expires_at = excluded.expires_at
        where step.due_at <= clock_timestamp() and step.expires_at < clock_timestamp()
      returning fencing`,
  ])
  return taken && { name, owner, fencing: taken.fencing }
}

/** How a round ended: nothing is left, something is, or nobody knows. */
export type Ending = 'done' | 'unfinished' | 'failed'

/** Says how a round ended and when the next one is due; nothing when somebody else has taken the step meanwhile. */
export async function settleStep(
  database: Database,
  { name, owner, fencing }: StepLease,
  { ending, againSeconds }: { ending: Ending; againSeconds: number },
): Promise<void> {
  await database.acrossTenantsAtOnce(REASON, [
    sql`
      update platform.upkeep_steps set owner = null, expires_at = '-infinity',
        due_at = clock_timestamp() + ${againSeconds} * interval '1 second',
        succeeded_at = case when ${ending === 'done'} then clock_timestamp() else succeeded_at end,
        failed_at = case when ${ending === 'failed'} then clock_timestamp() else failed_at end
      where name = ${name} and owner = ${owner} and fencing = ${fencing}`,
  ])
}

import { sql } from 'kysely'
import { insist, prepared, type SystemTx, type Tx } from '../../../platform/database/index.ts'
import type { FailedTicket } from '../connectors/index.ts'

/** The right to walk a provider's pages for all who wait, until it expires. */
export type SweepLease = { connection: string; owner: string; fencing: number }

/**
 * Longer than any wait for the budget or a Retry-After. A sweeper that dies is noticed by its task's own lease, which a
 * timer extends; this is the backstop for one whose task lives on but which could not let the sweep go.
 */
const SWEEP_LEASE_SECONDS = 600
const untilThen = sql`clock_timestamp() + ${SWEEP_LEASE_SECONDS} * interval '1 second'`

/**
 * Takes the sweep of a connection if nobody has it: one atomic statement. Answers where it stands. The owner is a task:
 * when that one does not run any more, or is this very one in a new attempt, nobody has to wait for the lease to expire.
 */
export async function takeSweep(
  tx: SystemTx,
  sweep: { connection: string; owner: string },
): Promise<{ lease: SweepLease; nextPage: number } | undefined> {
  const { rows } = await sql<{ fencing: number; next_page: number }>`
    insert into ingestion.sweeps as held (connection, owner, fencing, expires_at)
    values (${sweep.connection}, ${sweep.owner}, 1, ${untilThen})
    on conflict (connection) do update
      set owner = excluded.owner, fencing = held.fencing + 1, expires_at = excluded.expires_at
      where held.expires_at < clock_timestamp() or held.owner = excluded.owner or not exists (
        select from tasks
        where task_id = held.owner and status = 'running' and lease_expires_at > clock_timestamp())
    returning fencing, next_page`.execute(tx)
  const [taken] = rows
  return taken && { lease: { ...sweep, fencing: taken.fencing }, nextPage: taken.next_page }
}

const holds = (lease: SweepLease) => sql`
  connection = ${lease.connection} and owner = ${lease.owner} and fencing = ${lease.fencing}
  and expires_at > clock_timestamp()`

/** Extends the lease and notes where the sweep stands; no row when it is lost. Not run yet. */
export const keepSweep = (lease: SweepLease, nextPage: number) => sql`${prepared('keep_sweep')}
    update ingestion.sweeps set expires_at = ${untilThen}, next_page = ${nextPage}
    where ${holds(lease)} returning 1`

/** Gives the sweep up, for the next one to take at once. */
export async function releaseSweep(tx: SystemTx, lease: SweepLease): Promise<void> {
  await sql`update ingestion.sweeps set expires_at = '-infinity' where ${holds(lease)}`.execute(tx)
}

/** One row while the lease holds; not run yet. */
export const holdsSweep = (lease: SweepLease) =>
  sql`${prepared('holds_sweep')} select 1 from ingestion.sweeps where ${holds(lease)}`

/** Ends the transaction when the lease does not hold; not run yet. */
export const insistOnSweep = (lease: SweepLease) =>
  sql`${prepared('insist_on_sweep')} ${insist(
    sql`exists (select from ingestion.sweeps where ${holds(lease)})`,
    'the sweep is lost',
  )}`

/** Forgets what earlier runs of the tenant have left behind; what they found missing is no longer true. */
export async function clearEarlierRuns(tx: Tx, jobId: string): Promise<void> {
  await sql`delete from ingestion_seen_pages where job_id <> ${jobId}`.execute(tx)
  await sql`delete from ingestion_missing where job_id <> ${jobId}`.execute(tx)
}

/** What a page had for a run: the ids of the tickets that could be used and of those that could not. */
type SeenPage = {
  jobId: string
  page: number
  usable: readonly string[]
  failed: readonly FailedTicket[]
}

/**
 * Notes the ids on a page, and forgets the rejects that could be used this time. A page that is received again in a later
 * pass replaces what it had. Not run yet.
 */
export const noteSeen = ({ jobId, page, usable, failed }: SeenPage) => sql`${prepared('note_seen')}
    with mended as (delete from ingestion_rejects where origin = 'provider' and external_id = any(${[...usable]}::text[]))
    insert into ingestion_seen_pages (tenant_id, job_id, page, external_ids)
    values (current_setting('signalbox.tenant_id'), ${jobId}, ${page}, ${[...usable, ...failed.map(({ id }) => id)]})
    on conflict (tenant_id, job_id, page) do update set external_ids = excluded.external_ids`

export async function forgetSeen(tx: Tx, jobId: string): Promise<void> {
  await sql`delete from ingestion_seen_pages where job_id = ${jobId}`.execute(tx)
}

/**
 * Notes the provider's live tickets that were on no page of the pass, each with whether the provider lists it as deleted.
 * `deletedIds` may name tickets of other tenants; they match nothing here.
 */
export async function noteMissing(tx: Tx, jobId: string, deletedIds: readonly string[]): Promise<void> {
  // EXCEPT hashes or sorts both sides once. As an anti-join against the unnested arrays, which have no statistics, the
  // planner compares every ticket with every id.
  await sql`
    insert into ingestion_missing (tenant_id, job_id, external_id, confirmed)
    select current_setting('signalbox.tenant_id'), ${jobId}, gone.external_id, listed.external_id is not null
    from (
      select external_id from tickets where deleted_at is null and origin = 'provider'
      except
      select unnest(external_ids) from ingestion_seen_pages where job_id = ${jobId}
    ) as gone
    left join (select distinct unnest(${[...deletedIds]}::text[]) as external_id) as listed using (external_id)
    on conflict do nothing`.execute(tx)
}

export async function listMissing(
  tx: Tx,
  missing: { jobId: string; confirmed: boolean; limit: number },
): Promise<string[]> {
  const { rows } = await sql<{ external_id: string }>`
    select external_id from ingestion_missing
    where job_id = ${missing.jobId} and confirmed = ${missing.confirmed}
    order by external_id limit ${missing.limit}`.execute(tx)
  return rows.map(({ external_id }) => external_id)
}

export async function confirmMissing(tx: Tx, jobId: string, externalId: string): Promise<void> {
  await sql`
    update ingestion_missing set confirmed = true
    where job_id = ${jobId} and external_id = ${externalId}`.execute(tx)
}

export async function forgetMissing(tx: Tx, jobId: string, externalIds: readonly string[]): Promise<void> {
  await sql`delete from ingestion_missing where job_id = ${jobId} and external_id = any(${[...externalIds]})`.execute(
    tx,
  )
}

/** How many tickets a run would delete, and how many the tenant has. */
export async function countDeletions(tx: Tx, jobId: string): Promise<{ confirmed: number; live: number }> {
  const { rows } = await sql<{ confirmed: number; live: number }>`
    select (select count(*) from ingestion_missing where job_id = ${jobId} and confirmed) as confirmed,
           (select count(*) from tickets where deleted_at is null and origin = 'provider') as live`.execute(tx)
  return rows[0] ?? { confirmed: 0, live: 0 }
}

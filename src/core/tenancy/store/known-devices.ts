import { type Kysely, sql } from 'kysely'
import type { DB } from '../../../platform/database/index.ts'

/** Which of these the person with this e-mail address has signed in from; none when there is no such person. */
export async function selectKnown(kysely: Kysely<DB>, email: string, hashes: readonly Buffer[]): Promise<Buffer[]> {
  const { rows } = await sql<{ hash: Buffer }>`
    select hash from identity.known_device join identity."user" on "user".id = user_id
    where email = ${email.toLowerCase()} and hash = any(${hashes}::bytea[])`.execute(kysely)
  return rows.map(({ hash }) => hash)
}

export async function noteKnown(kysely: Kysely<DB>, personId: string, hashes: readonly Buffer[]): Promise<void> {
  await sql`
    insert into identity.known_device (user_id, hash) select ${personId}, hash from unnest(${hashes}::bytea[]) as seen (hash)
    on conflict (user_id, hash) do update set last_seen_at = now()`.execute(kysely)
}

/** Forgets where nobody has signed in for 180 days, the longest ago first and at most `limit`; returns how many. */
export async function deleteUnseen(kysely: Kysely<DB>, limit: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from identity.known_device where ctid in (
      select ctid from identity.known_device where last_seen_at < now() - interval '180 days'
      order by last_seen_at limit ${limit})`.execute(kysely)
  return Number(numAffectedRows)
}

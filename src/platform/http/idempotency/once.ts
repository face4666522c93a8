import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../database/index.ts'
import { httpFault } from '../faults.ts'
import type { Reply, ReplyHeaders } from '../route.ts'
import type { IdempotentRequest } from './idempotent-request.ts'

/** How long a key is remembered. Older rows are deleted by the scheduler. */
export const IDEMPOTENCY_KEEP_HOURS = 24

/**
 * Does `work` once per key. The first answer is stored in the same transaction; a repeat gets it back without `work`. For
 * work that does nothing outside of its transaction; for any other see `onceReserved`.
 *
 * Two requests with one key at the same time: the advisory lock lets one through and the other is told 409 at once,
 * instead of waiting on the unique index for as long as the first takes. It falls with the transaction, so a crash
 * leaves neither lock nor record.
 */
export async function once(tx: Tx | SystemTx, request: IdempotentRequest, work: () => Promise<Reply>): Promise<Reply> {
  const { tenantId, callerId, key } = request
  const locked = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${JSON.stringify([tenantId, callerId, key])}, 0)) as locked
  `.execute(tx)
  if (!locked.rows[0]?.locked) throw inFlight('idempotency key is locked')
  const [earlier] = (await findRecord(request).execute(tx)).rows
  if (earlier) return replay(earlier, request)

  const answer = await work()
  const values = sql.join(Object.values(await recordOf(request, answer)))
  const kept = await sql`
    insert into idempotency_keys as known (tenant_id, caller_id, key, request_hash, status, headers, body, answer_kept)
    values (${tenantId}, ${callerId}, ${key}, ${values})
    on conflict (tenant_id, caller_id, key) do update set request_hash = excluded.request_hash, status = excluded.status,
      headers = excluded.headers, body = excluded.body, answer_kept = excluded.answer_kept, created_at = now(),
      owner = null, lease_expires_at = null
    where known.status is null and known.lease_expires_at < clock_timestamp()
    returning key`.execute(tx)
  if (kept.rows.length === 0) throw inFlight('another request reserved the key meanwhile')
  return answer
}

export const inFlight = (internal: string) =>
  httpFault('idempotency.in_flight', {
    public: 'A request with this Idempotency-Key is still being worked on. Wait for its answer, then repeat.',
    internal,
    headers: { 'retry-after': '1' },
  })

/** What is stored of an answer, in the order of the columns. A secret is kept nowhere, nor is a cookie. */
export async function recordOf({ fingerprint, keepAnswer }: IdempotentRequest, answer: Reply) {
  const { 'set-cookie': _cookie, ...headers } = answer.headers ?? {}
  return {
    requestHash: await fingerprint(),
    status: answer.status,
    headers: JSON.stringify(keepAnswer ? headers : {}),
    body: keepAnswer && answer.body !== undefined ? JSON.stringify(answer.body) : null,
    answerKept: keepAnswer,
  }
}

/** A request with this key that was answered, or is being worked on; one whose lease is over has left nothing. */
export type Stored =
  | { status: null }
  | { request_hash: string; status: number; headers: ReplyHeaders; body: unknown; answer_kept: boolean }

export const findRecord = ({ tenantId, callerId, key }: Pick<IdempotentRequest, 'tenantId' | 'callerId' | 'key'>) =>
  sql<Stored>`
    select request_hash, status, headers, body, answer_kept from idempotency_keys
    where tenant_id = ${tenantId} and caller_id = ${callerId} and key = ${key}
      and (status is not null or lease_expires_at >= clock_timestamp())`

/** The tenant in which the same caller made the same request under this key. Not run yet. */
export const findingTenant = async ({ callerId, key, fingerprint }: IdempotentRequest) =>
  sql<{ tenant_id: string }>`
    select tenant_id from idempotency_keys
    where caller_id = ${callerId} and key = ${key} and request_hash = ${await fingerprint()} and tenant_id <> ''`

/**
 * The answer that was stored.
 *
 * @throws idempotency.in_flight, idempotency.key_reused, idempotency.answer_not_kept
 */
export async function replay(stored: Stored, request: IdempotentRequest): Promise<Reply> {
  if (stored.status === null) throw inFlight('idempotency key is reserved')
  if (stored.request_hash !== (await request.fingerprint())) {
    throw httpFault('idempotency.key_reused', {
      public: 'This Idempotency-Key was used for another request. Use a new key for a new request.',
      internal: 'idempotency key with another request hash',
    })
  }
  if (!stored.answer_kept) {
    throw httpFault('idempotency.answer_not_kept', {
      public: 'This request was carried out before. Its answer held a secret that is shown only once and is not kept.',
      internal: 'repeat of a request with a secret answer',
    })
  }
  const headers = { ...stored.headers, 'idempotent-replay': 'true' }
  return { status: stored.status, headers, ...(stored.body === null ? {} : { body: stored.body }) }
}

import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { SystemTx, Tx } from '../database/index.ts'
import { httpFault } from './faults.ts'
import { invalid } from './problem.ts'
import type { Reply, ReplyHeaders } from './route.ts'

const KEY_PATTERN = /^[\x21-\x7e]{1,255}$/

/** How long a key is remembered. Older rows are deleted by the scheduler. */
export const IDEMPOTENCY_KEEP_HOURS = 24

export type IdempotentRequest = {
  tenantId: string
  callerId: string
  key: string
  /** Of method, address and body: tells a repeated request from another one with the same key. */
  requestHash: string
  /** False for answers that hold a secret: what happened is remembered, the answer is not. */
  keepAnswer: boolean
}

/** The `Idempotency-Key` header, or undefined; 422 when it is empty, longer than 255 or not printable ASCII. */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && KEY_PATTERN.test(header)) return header
  throw invalid([
    { in: 'header', field: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters without spaces' },
  ])
}

export function hashRequest(method: string, url: string, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, url, body ?? null]))
    .digest('base64url')
}

/**
 * Does `work` once per key. The first answer is stored in the same transaction; a repeat gets it back without `work`.
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
  if (!locked.rows[0]?.locked) {
    throw httpFault('idempotency.in_flight', {
      public: 'A request with this Idempotency-Key is still being worked on. Wait for its answer, then repeat.',
      internal: 'idempotency key is locked',
      headers: { 'retry-after': '1' },
    })
  }
  const earlier = await tx
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'status', 'headers', 'body', 'answer_kept'])
    .where('tenant_id', '=', tenantId)
    .where('caller_id', '=', callerId)
    .where('key', '=', key)
    .executeTakeFirst()
  if (earlier) return replay(earlier, request)

  const answer = await work()
  await tx
    .insertInto('idempotency_keys')
    .values({
      tenant_id: tenantId,
      caller_id: callerId,
      key,
      request_hash: request.requestHash,
      status: answer.status,
      headers: JSON.stringify(answer.headers ?? {}),
      body: request.keepAnswer && answer.body !== undefined ? JSON.stringify(answer.body) : null,
      answer_kept: request.keepAnswer,
    })
    .execute()
  return answer
}

type Stored = { request_hash: string; status: number; headers: unknown; body: unknown; answer_kept: boolean }

function replay(stored: Stored, request: IdempotentRequest): Reply {
  if (stored.request_hash !== request.requestHash) {
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
  const headers = { ...(stored.headers as ReplyHeaders), 'idempotent-replay': 'true' }
  return { status: stored.status, headers, ...(stored.body === null ? {} : { body: stored.body }) }
}

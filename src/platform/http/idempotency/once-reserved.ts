import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { Logger } from '../../../kernel/logger.ts'
import { isTenantId } from '../../../kernel/tenant-id.ts'
import type { Database, SystemTx, Tx } from '../../database/index.ts'
import type { Reply } from '../route.ts'
import type { IdempotentRequest } from './idempotent-request.ts'
import { findRecord, inFlight, recordOf, replay } from './once.ts'

/** A process that died is waited for that long; one that works extends it three times meanwhile. */
export const KEY_LEASE_SECONDS = 60

export type Reserving = { database: Database; logger: Logger; leaseSeconds?: number | undefined }

/** Stores the answer under the key; rolls the transaction back when somebody else has the key by now. */
export type Complete = (tx: Tx | SystemTx, answer: Reply) => Promise<void>

const WHY = 'a request about no tenant has its key outside of all tenants'

/**
 * Does `work` once per key although it acts outside of a transaction: the key is reserved in a short transaction before, and
 * `work` completes it, in the transaction of its effect where it has one. A repeat gets the stored answer without `work`,
 * meanwhile 409. Work that fails gives the key back. When the process dies, so does the lease, and a repeat acts again:
 * whatever it had done outside is then done twice, which nobody here can know.
 *
 * @throws idempotency.in_flight, idempotency.key_reused, idempotency.answer_not_kept, and what `work` throws
 */
export async function onceReserved(
  reserving: Reserving,
  request: IdempotentRequest,
  work: (complete: Complete) => Promise<Reply>,
): Promise<Reply> {
  const { logger, leaseSeconds = KEY_LEASE_SECONDS } = reserving
  const owner = randomUUID()
  const run = inScope(reserving.database, request)
  const mine = sql`tenant_id = ${request.tenantId} and caller_id = ${request.callerId} and key = ${request.key}
    and owner = ${owner} and status is null`
  const [[reserved], [earlier]] = await run([reserve(request, owner, leaseSeconds), findRecord(request)])
  if (!reserved) {
    if (earlier) return replay(earlier, request)
    throw inFlight('the key was given back in this moment')
  }
  const extend = () =>
    run([
      sql`update idempotency_keys set lease_expires_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
        where ${mine}`,
    ]).catch((err) => {
      logger.warn({ err, component: 'http' }, 'the lease of an idempotency key was not extended')
    })
  const extending = setInterval(extend, (leaseSeconds * 1_000) / 3)
  try {
    return await work((tx, answer) => complete(tx, mine, recordOf(request, answer)))
  } catch (error) {
    await run([sql`delete from idempotency_keys where ${mine}`]).catch((err) => {
      logger.warn({ err, component: 'http' }, 'an idempotency key was not given back; its lease will end')
    })
    throw error
  } finally {
    clearInterval(extending)
  }
}

const reserve = ({ tenantId, callerId, key }: IdempotentRequest, owner: string, leaseSeconds: number) =>
  sql<{ key: string }>`
    insert into idempotency_keys as known (tenant_id, caller_id, key, owner, lease_expires_at)
    values (${tenantId}, ${callerId}, ${key}, ${owner}, clock_timestamp() + ${leaseSeconds} * interval '1 second')
    on conflict (tenant_id, caller_id, key) do update
      set owner = excluded.owner, lease_expires_at = excluded.lease_expires_at, created_at = now()
      where known.status is null and known.lease_expires_at < clock_timestamp()
    returning key`

async function complete(tx: Tx | SystemTx, mine: RawBuilder<unknown>, record: ReturnType<typeof recordOf>) {
  const { requestHash, status, headers, body, answerKept } = await record
  const { numAffectedRows } = await sql`
    update idempotency_keys set request_hash = ${requestHash}, status = ${status}, headers = ${headers}, body = ${body},
      answer_kept = ${answerKept}, owner = null, lease_expires_at = null
    where ${mine}`.execute(tx)
  if (numAffectedRows !== 1n) throw inFlight('the lease of the key was over, and somebody else has it')
}

/** Statements of one short transaction: of the tenant or, where there is none, across them. */
const inScope = (database: Database, { tenantId }: IdempotentRequest) =>
  async function run<const Statements extends readonly RawBuilder<unknown>[]>(statements: Statements) {
    return isTenantId(tenantId)
      ? database.withTenantAtOnce(tenantId, statements)
      : database.acrossTenantsAtOnce(WHY, statements)
  }

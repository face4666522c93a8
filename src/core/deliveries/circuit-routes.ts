import { sql } from 'kysely'
import { z } from 'zod'
import type { Database, Tx } from '../../platform/database/index.ts'
import { platformRoute, type Route, reply, systemRoute, TenantQuery, tenantRoute } from '../../platform/http/index.ts'
import type { CircuitBreaker, CircuitStatus } from '../../platform/resilience/index.ts'
import { CHANNEL_KINDS, type ChannelKind } from '../channels/index.ts'
import { resolveOperatorSignal } from '../signals/index.ts'
import { deliveryFault } from './faults.ts'

const timestamp = z.iso.datetime()

const CircuitView = z
  .object({
    name: z.string(),
    state: z.enum(['closed', 'open', 'half_open']).meta({
      description:
        '`closed`: calls leave. `open`: at least 5 of the last 10 failed, no call leaves for 30 s. `half_open`: one call leaves to try',
    }),
    failure_count: z
      .int()
      .meta({ description: 'Failures among the last calls (`calls_in_window`, at most `window_size`)' }),
    failures_to_open: z.int(),
    calls_in_window: z.int(),
    window_size: z.int(),
    recent_failure_rate: z.number().meta({ description: '`failure_count` / `calls_in_window`; 0 without calls' }),
    opened_at: timestamp.nullable(),
    next_probe_at: timestamp
      .nullable()
      .meta({ description: 'When the next call may leave to try; null when it may now' }),
    retry_after: z.number().nullable().meta({ description: 'Seconds until then' }),
    paused_until: timestamp.nullable().meta({ description: 'The other side asked for a pause (429)' }),
    success_count: z.int().meta({ description: 'Successes since the circuit exists' }),
    failures_total: z.int(),
    times_opened: z.int(),
    last_failure: z.string().nullable(),
    last_failure_at: timestamp.nullable(),
    changed_at: timestamp.nullable().meta({ description: 'When its state last changed; null when it was never used' }),
  })
  .meta({ id: 'Circuit' })

const ChannelCircuitView = CircuitView.extend({
  channel_id: z.uuid(),
  channel: z.string(),
  kind: z.enum(CHANNEL_KINDS),
}).meta({
  id: 'ChannelCircuit',
})

const NOTIFY = 'notify'
const WHY = 'all tenants call the same endpoint through one circuit'

/** What the circuit breakers say; the tenant's channels each have their own, the specification's endpoint one for all. */
export function circuitRoutes({ database, breaker }: { database: Database; breaker: CircuitBreaker }): Route[] {
  const byName = { tag: 'Circuits', params: z.strictObject({ name: z.string().max(100) }) }
  const requireNotify = (name: string) => {
    if (name === NOTIFY) return
    throw deliveryFault('deliveries.circuit_not_found', {
      public: 'The only circuit with a name is “notify”; those of channels are listed under /circuits.',
      internal: 'an unknown circuit was asked for',
    })
  }
  return [
    platformRoute({
      ...byName,
      operationId: 'showCircuit',
      method: 'GET',
      path: '/circuit/:name/status',
      summary: 'Show the circuit breaker of the notification endpoint',
      access: 'signed-in',
      responses: { 200: CircuitView },
      handle: async ({ params: { name } }) => {
        requireNotify(name)
        const [status] = await database.readAcrossTenants(WHY, (tx) => breaker.read(tx, [name]))
        return reply(200, presentCircuit(status as CircuitStatus))
      },
    }),
    systemRoute({
      ...byName,
      operationId: 'resetCircuit',
      method: 'POST',
      path: '/circuit/:name/reset',
      summary: 'Close the circuit breaker of the notification endpoint',
      access: 'operator',
      acrossTenants: WHY,
      responses: { 200: z.object({ status: z.literal('reset'), name: z.string() }) },
      handle: async ({ tx, params: { name } }) => {
        requireNotify(name)
        await breaker.reset(tx, name)
        await resolveOperatorSignal(tx, `circuit:${name}`)
        await sql`select pg_notify('signalbox_deliveries', '')`.execute(tx)
        return reply(200, { status: 'reset', name })
      },
    }),
    tenantRoute({
      operationId: 'listCircuits',
      method: 'GET',
      path: '/circuits',
      tag: 'Circuits',
      summary: 'Show the circuit breaker of each of a tenant’s channels',
      access: 'channel.read',
      tenant: 'query',
      query: z.strictObject(TenantQuery),
      responses: { 200: z.object({ circuits: z.array(ChannelCircuitView) }) },
      // Circuits belong to no tenant's tables: read before its transaction, by the names of its own channels.
      prepare: async ({ tenantId }) => {
        const channels = await database.readTenant(tenantId, listCircuits)
        const names = channels.map(({ circuit }) => circuit)
        return { channels, statuses: await database.readAcrossTenants(WHY, (tx) => breaker.read(tx, names)) }
      },
      handle: async ({ prepared: { channels, statuses } }) => {
        const circuits = channels.map(({ channel_id, name, kind }, index) => ({
          ...presentCircuit(statuses[index] as CircuitStatus),
          ...{ channel_id, channel: name, kind },
        }))
        return reply(200, { circuits })
      },
    }),
  ]
}

async function listCircuits(tx: Tx) {
  const { rows } = await sql<{ channel_id: string; name: string; kind: ChannelKind; circuit: string }>`
    select channel_id, name, kind, circuit from channels order by kind <> 'notify', name`.execute(tx)
  return rows
}

function presentCircuit(status: CircuitStatus): z.output<typeof CircuitView> {
  const { failure_count, calls_in_window, next_probe_at } = status
  const iso = (at: Date | null) => at?.toISOString() ?? null
  return {
    ...status,
    recent_failure_rate: calls_in_window === 0 ? 0 : failure_count / calls_in_window,
    retry_after: next_probe_at === null ? null : Math.max(0, Math.ceil((next_probe_at.getTime() - Date.now()) / 1_000)),
    opened_at: iso(status.opened_at),
    next_probe_at: iso(next_probe_at),
    paused_until: iso(status.paused_until),
    last_failure_at: iso(status.last_failure_at),
    changed_at: iso(status.changed_at),
  }
}

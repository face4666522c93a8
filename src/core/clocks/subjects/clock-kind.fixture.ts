import { randomUUID } from 'node:crypto'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { DONE, MINUTE, type PolicyVersion, policies } from '../clock/clock.fixture.ts'
import type { NewClockEvent } from './record-events.ts'
import type { SubjectKind } from './subject-kind.ts'

/** A kind of subject whose policies are set by the test; `versions` may be pushed to. */
export function clockKind(versions: PolicyVersion[], name = 'thing'): SubjectKind {
  return {
    ...{ name, targets: ['first_response', 'next_response', 'resolution'], done: DONE },
    terms: async () => ({ ...policies(versions), key: `policy@${versions.length}` }),
    describe: async (_tx, _tenantId, ids) =>
      new Map(ids.map((id) => [id, { name: `thing ${id.slice(-4)}`, facts: { external_id: id.slice(-4) } }])),
  }
}

/** A tenant of its own. */
export async function someTenant(database: Database): Promise<TenantId> {
  const id = tenantId(`t_${randomUUID().replaceAll('-', '')}`)
  await database.acrossTenants('a tenant of the test', (tx) =>
    tx.insertInto('tenants').values({ tenant_id: id, name: id }).execute(),
  )
  return id
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** Something that happened so many minutes before now; an id of its own. */
export const ago = (minutes: number, what: DistributiveOmit<NewClockEvent, 'eventId' | 'atMs'>): NewClockEvent => ({
  ...what,
  ...{ eventId: randomUUID(), atMs: Date.now() - minutes * MINUTE },
})

export const opened = (minutes: number, priority = 'high', status = 'open'): NewClockEvent =>
  ago(minutes, { kind: 'opened', status, attributes: { priority } })

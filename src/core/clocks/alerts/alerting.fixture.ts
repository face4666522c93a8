import { sql } from 'kysely'
import { onTestFinished } from 'vitest'
import { silent } from '../../../../test/harness/database.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Database, openListener } from '../../../platform/database/index.ts'
import { recordEvents, type SubjectEvents } from '../subjects/record-events.ts'
import { type SubjectKind, subjectKinds } from '../subjects/subject-kind.ts'
import { startAlerts } from './alert-scheduler.ts'
import { tellDue } from './tell-due.ts'

export type RaisedRow = {
  kind: string
  subject: string
  state: string
  title: string
  facts: Record<string, unknown>
  alerts: number
}

/** What tests do with the clocks of one kind on a database. */
export function alerting(
  db: { readonly url: string; readonly database: Database },
  kind: SubjectKind,
  togetherMax = 100,
) {
  const kinds = subjectKinds()
  kinds.declare(kind)
  const tell = (tenantId: TenantId) => tellDue({ database: db.database, kinds, togetherMax }, tenantId)
  return {
    tell,
    record: (tenantId: TenantId, subjects: readonly SubjectEvents[]) =>
      db.database.withTenant(tenantId, (tx) => recordEvents(tx, { tenantId, kind }, subjects)),
    /** A scheduler as a process has one, with a connection of its own to hear of news; stopped after the test. */
    schedule: async () => {
      const listener = await openListener({ url: db.url, logger: silent })
      const scheduler = await startAlerts({ database: db.database, listener, logger: silent, tell })
      onTestFinished(async () => {
        await scheduler.stop()
        await listener.close()
      })
    },
    /** The signals of a tenant, with how many alerts each tells of. */
    signals: (tenantId: TenantId): Promise<RaisedRow[]> =>
      db.database.withTenant(tenantId, async (tx) => {
        const { rows } = await sql<RaisedRow>`
          select s.kind, s.subject, s.state, s.title, s.facts,
            (select count(*)::integer from clock_alerts a where a.signal_id = s.signal_id) as alerts
          from signals s order by s.kind, s.subject, s.signal_id`.execute(tx)
        return rows
      }),
  }
}

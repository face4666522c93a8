import { recordAudit } from '../../../core/audit/index.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import type { Schedule } from '../../../platform/module/index.ts'
import { claimDueSchedule, deleteSchedule, listDue, saveSchedule } from './schedule-store.ts'
import type { StartRun } from './start-run.ts'

const AT_ONCE = 100

/** Lets a run start every so many minutes, the first one that long from now; null ends that. */
export async function scheduleRuns(
  tx: Tx,
  schedule: { tenantId: TenantId; connectorId?: string | undefined; everyMinutes: number | null; setBy: string },
): Promise<void> {
  const { connectorId, everyMinutes, setBy } = schedule
  if (everyMinutes === null) await deleteSchedule(tx, connectorId)
  else await saveSchedule(tx, { connectorId, everyMinutes, setBy })
  await recordAudit(tx, {
    ...{ tenantId: schedule.tenantId, actor: setBy, action: 'ingestion.schedule', subject: 'ingestion:schedule' },
    details: { every_minutes: everyMinutes, ...(connectorId === undefined ? {} : { connector_id: connectorId }) },
  })
}

/**
 * Starts the runs whose time has come. The next time counts from now, not from the time that was missed, and a source
 * whose run is still going gets none: after an outage there is one run, not as many as were missed.
 */
async function startDueRuns(database: Database, startRun: StartRun): Promise<number> {
  const due = await database.acrossTenants('schedules of all tenants fall due', (tx) => listDue(tx, AT_ONCE))
  const failures: unknown[] = []
  for (const { tenant_id, schedule_id } of due) {
    const tenant = tenantId(tenant_id)
    const starting = database.withTenant(tenant, async (tx) => {
      // Another scheduler may have been faster; the row tells.
      const claimed = await claimDueSchedule(tx, schedule_id)
      if (claimed) await startRun(tx, { tenantId: tenant, connectorId: claimed.connectorId, startedBy: 'schedule' })
    })
    // One that cannot be started must not keep the others from their time; it stays due.
    await starting.catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} of ${due.length} runs could not be started`)
  return due.length
}

export function startingDueRuns(options: { database: Database; startRun: StartRun; everySeconds: number }): Schedule {
  return {
    name: 'ingestion runs that are due',
    everySeconds: options.everySeconds,
    work: async () => ((await startDueRuns(options.database, options.startRun)) === AT_ONCE ? 'again' : undefined),
  }
}

import { signalsModule } from '../../../core/signals/index.ts'
import { tasksModule } from '../../../core/tasks/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { ticketsModule } from '../tickets/index.ts'
import { reportExport } from './export-report.ts'
import { KEPT_DAYS } from './report.ts'
import { reportRoute } from './routes.ts'

/** Files of what a filter leaves, made by tasks. */
export const reportsModule = defineModule({
  name: 'desks/support/reports',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    reports: {
      becomes: 'removed',
      what: 'files that tasks of the kind report.export have made',
      why: 'A week is promised; another one can be made at any time.',
      days: KEPT_DAYS,
      since: 'created_at',
      // Each may be gigabytes.
      rowsAtOnce: 1,
      scope: { of: 'all', key: ['tenant_id', 'task_id'] },
    },
    report_parts: {
      becomes: 'removed with',
      table: 'reports',
      what: 'parts of those files',
      why: 'A foreign key removes them.',
    },
  },
  needs: { tasks: tasksModule, tickets: ticketsModule, signals: signalsModule },
  open: ({ config, database }, { tasks }) => ({
    api: undefined,
    routes: [reportRoute(database, tasks)],
    kinds: [reportExport(database, config.REPORTS_MEGABYTES_MAX)],
  }),
})

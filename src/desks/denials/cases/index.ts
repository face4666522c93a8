import { auditModule } from '../../../core/audit/index.ts'
import { tenancyModule } from '../../../core/tenancy/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { caseRoutes } from './case-routes.ts'
import { documentRoutes } from './document-routes.ts'
import { findingRoutes } from './finding-routes.ts'

const withCase = { becomes: 'removed with', table: 'denial_cases' } as const

/** Denials that somebody works on: their papers, what was found in them, what people say against it, and what is sent. */
export const casesModule = defineModule({
  name: 'desks/denials/cases',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: {
    'denial.read': 'agent',
    'denial.work': 'agent',
    'denial.approve': 'agent',
    'denial.manage': 'manager',
  },
  retention: {
    denial_cases: {
      becomes: 'removed',
      what: 'cases on which nobody has worked, with everything that came of them',
      why: 'Appeals and what follows them take years; health records are kept no longer than somebody needs them.',
      days: 2_190,
      since: 'updated_at',
      rowsAtOnce: 20,
      scope: { of: 'tenant', least: 30, most: 3_650, id: 'case_id', found: 'since' },
    },
    denial_documents: { ...withCase, what: 'papers of cases', why: 'As cases.' },
    denial_corrections: { ...withCase, what: 'what people say against what was found', why: 'As cases.' },
    denial_runs: { ...withCase, what: 'what was found in cases', why: 'As cases; of one case the last 20.' },
    denial_packs: {
      ...withCase,
      what: 'documents to send',
      why: 'As cases; of one case all that were approved and the last 10 drafts.',
    },
  },
  needs: { tenancy: tenancyModule, audit: auditModule },
  open: ({ sealer }) => ({
    api: {},
    routes: [...findingRoutes({ sealer }), ...documentRoutes({ sealer }), ...caseRoutes({ sealer })],
  }),
})

import { declareFaults } from '../../../kernel/faults.ts'

export const ingestionFault = declareFaults({
  'ingestion.already_running': 409,
  'ingestion.job_not_found': 404,
  'ingestion.nothing_to_confirm': 409,
  'ingestion.provider_unavailable': 502,
  'ingestion.provider_refused': 502,
})

export const jobNotFound = () =>
  ingestionFault('ingestion.job_not_found', {
    public: 'There is no such ingestion job, or it belongs to a tenant you are not a member of.',
    internal: 'no ingestion task with that id in the caller’s tenants',
  })

import { declareFaults } from '../../../kernel/faults.ts'

export const ingestionFault = declareFaults({
  'ingestion.already_running': 409,
  'ingestion.job_not_found': 404,
  'ingestion.nothing_to_confirm': 409,
  'ingestion.provider_unavailable': 502,
  'ingestion.provider_refused': 502,
  'ingestion.connector_gone': 404,
  'ingestion.import_empty': 422,
  'ingestion.import_not_utf8': 422,
  'ingestion.import_too_large': 413,
  'ingestion.import_unreadable': 422,
  'ingestion.too_many_imports': 429,
  'ingestion.too_many_previews': 429,
  'ingestion.upload_broken': 400,
  'ingestion.reject_not_found': 404,
  'ingestion.reject_incomplete': 409,
  'ingestion.reject_outdated': 409,
})

export const jobNotFound = () =>
  ingestionFault('ingestion.job_not_found', {
    public: 'There is no such ingestion job, or it belongs to a tenant you are not a member of.',
    internal: 'no ingestion task with that id in the caller’s tenants',
  })

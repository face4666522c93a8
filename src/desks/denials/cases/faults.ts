import { declareFaults } from '../../../kernel/faults.ts'

export const denialFault = declareFaults({
  'denials.case_not_found': 404,
  'denials.document_not_found': 404,
  'denials.document_unreadable': 422,
  'denials.document_too_large': 413,
  'denials.document_known': 409,
  'denials.too_many_documents': 409,
  'denials.storage_full': 409,
  'denials.no_letter': 409,
  'denials.not_run': 409,
  'denials.case_is_under_way': 409,
  'denials.status_not_possible': 409,
  'denials.pack_not_found': 404,
  'denials.pack_document_not_found': 404,
  'denials.pack_stale': 409,
  'denials.pack_blocked': 409,
  'denials.pack_approved': 409,
  'denials.plan_document_missing': 409,
})

export const caseNotFound = () =>
  denialFault('denials.case_not_found', {
    public: 'This tenant has no case with this id.',
    internal: 'no such case in the tenant',
  })

export const documentNotFound = () =>
  denialFault('denials.document_not_found', {
    public: 'This case has no document with this id.',
    internal: 'no such document of the case',
  })

export const notRun = () =>
  denialFault('denials.not_run', {
    public: 'Nothing was found in this case yet. Send its denial letter, then POST /cases/{case_id}/run.',
    internal: 'a case without a run',
  })

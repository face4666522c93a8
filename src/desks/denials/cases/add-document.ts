import { createHash } from 'node:crypto'
import { recordAudit } from '../../../core/audit/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import type { DocumentType } from './case.ts'
import { demandCase } from './demand-case.ts'
import { denialFault, documentNotFound } from './faults.ts'
import { uuidOfNow, type Who } from './open-case.ts'
import { files, texts } from './sealed.ts'
import { deleteDocument, insertDocument, listDocuments, storedBytes, updateCase } from './store.ts'

/** Of one case. */
export const DOCUMENTS_MAX = 40
/** Of the files of all cases of a tenant. */
export const TENANT_BYTES_MAX = 20 * 1_073_741_824

export type ReadDocument = { name: string; docType: DocumentType; bytes: Buffer; text: string; pages: number }

/**
 * Adds a document that was read; answers its id. The file and its text are sealed for their row.
 *
 * @throws denials.case_not_found, denials.case_is_under_way, denials.too_many_documents, denials.document_known, denials.storage_full
 */
export async function addDocument(
  tx: Tx,
  sealer: Sealer,
  who: Who,
  caseId: string,
  document: ReadDocument,
): Promise<string> {
  const { tenantId, by } = who
  await demandCase(tx, caseId, { toChange: true })
  if ((await listDocuments(tx, caseId)).length >= DOCUMENTS_MAX) {
    throw denialFault('denials.too_many_documents', {
      public: `A case has at most ${DOCUMENTS_MAX} documents. Delete one that is not needed any more.`,
      internal: 'the case is full of documents',
    })
  }
  if ((await storedBytes(tx)) + document.bytes.length > TENANT_BYTES_MAX) {
    throw denialFault('denials.storage_full', {
      public: `The papers of all cases have ${TENANT_BYTES_MAX / 1_073_741_824} GB together, the most that is kept. Delete cases that are not needed any more.`,
      internal: 'the papers of the tenant are at their bound',
    })
  }
  const documentId = uuidOfNow()
  const { name, docType, bytes, text, pages } = document
  const isNew = await insertDocument(tx, {
    ...{
      document_id: documentId,
      case_id: caseId,
      doc_type: docType,
      name,
      size_bytes: bytes.length,
      pages,
      created_by: by,
    },
    sha256: createHash('sha256').update(bytes).digest(),
    sealed_text: texts(sealer).seal(text, tenantId, documentId),
    sealed_file: files(sealer).seal(bytes.toString('base64'), tenantId, documentId),
  })
  if (!isNew) {
    throw denialFault('denials.document_known', {
      public: 'This case has this very file as a document of this kind already. Nothing was added.',
      internal: 'the same bytes twice',
    })
  }
  await updateCase(tx, caseId, { hasNewInput: true })
  const details = { document_id: documentId, doc_type: docType, size_bytes: bytes.length }
  await recordAudit(tx, { tenantId, actor: by, action: 'denial.add_document', subject: `denial:${caseId}`, details })
  return documentId
}

/** @throws denials.case_not_found, denials.case_is_under_way, denials.document_not_found */
export async function removeDocument(tx: Tx, { tenantId, by }: Who, caseId: string, documentId: string): Promise<void> {
  await demandCase(tx, caseId, { toChange: true })
  if (!(await deleteDocument(tx, caseId, documentId))) throw documentNotFound()
  await updateCase(tx, caseId, { hasNewInput: true })
  const details = { document_id: documentId }
  await recordAudit(tx, { tenantId, actor: by, action: 'denial.remove_document', subject: `denial:${caseId}`, details })
}

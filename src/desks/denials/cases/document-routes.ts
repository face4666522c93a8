import { Readable } from 'node:stream'
import { z } from 'zod'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { FILE_BYTES_MAX, readDocument } from '../reading/index.ts'
import { addDocument, removeDocument } from './add-document.ts'
import { DOCUMENT_TYPES } from './case.ts'
import { inTenant, ofCase } from './case-routes.ts'
import { demandCase } from './demand-case.ts'
import { denialFault, documentNotFound } from './faults.ts'
import { texts } from './sealed.ts'
import { findDocument, listDocuments } from './store.ts'
import { DocumentView, presentDocument } from './views.ts'

const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !/[\p{Cc}\p{Cs}/\\]/u.test(text), 'must be the name of a file, without a path')
const ofDocument = { ...inTenant, params: z.strictObject({ case_id: z.uuid(), document_id: z.uuid() }) } as const

/** The papers of a case. */
export function documentRoutes({ sealer }: { sealer: Sealer }): Route[] {
  return [
    tenantRoute({
      ...ofCase,
      operationId: 'addDenialDocument',
      method: 'POST',
      path: '/cases/:case_id/documents',
      summary: 'Add a paper to a case: its bytes are the body, whatever they are called; what it is, is found in them',
      access: 'denial.work',
      query: z.strictObject({ ...TenantQuery, doc_type: z.enum(DOCUMENT_TYPES), name: Name.default('document') }),
      upload: ['application/octet-stream', 'application/pdf', 'text/plain'],
      responses: { 201: DocumentView },
      prepare: async ({ request: { body }, signal }) => {
        const bytes = await readAll(body instanceof Readable ? body : Readable.from([]))
        const read = await readDocument(bytes, signal)
        if ('unreadable' in read) {
          throw denialFault('denials.document_unreadable', {
            public: `This document cannot be read: ${read.unreadable}. Nothing was added.`,
            internal: `unreadable: ${read.unreadable}`,
          })
        }
        return { bytes, ...read }
      },
      handle: async ({
        tx,
        tenantId,
        caller,
        params: { case_id: caseId },
        query: { doc_type: docType, name },
        prepared,
      }) => {
        const documentId = await addDocument(tx, sealer, { tenantId, by: caller.id }, caseId, {
          ...prepared,
          docType,
          name,
        })
        const row = await findDocument(tx, caseId, documentId)
        if (!row) throw documentNotFound()
        return reply(201, presentDocument(row))
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'listDenialDocuments',
      method: 'GET',
      path: '/cases/:case_id/documents',
      summary: 'List the papers of a case, in the order in which they came; at most 40',
      access: 'denial.read',
      responses: { 200: z.object({ documents: z.array(DocumentView) }) },
      handle: async ({ tx, params: { case_id: caseId } }) => {
        await demandCase(tx, caseId)
        return reply(200, { documents: (await listDocuments(tx, caseId)).map(presentDocument) })
      },
    }),
    tenantRoute({
      ...ofDocument,
      operationId: 'readDenialDocument',
      method: 'GET',
      path: '/cases/:case_id/documents/:document_id/text',
      summary: 'The text that was read in a paper: the places of facts count in it',
      access: 'denial.read',
      responses: { 200: z.object({ document_id: z.uuid(), pages: z.int(), text: z.string() }) },
      handle: async ({ tx, tenantId, params: { case_id: caseId, document_id: documentId } }) => {
        await demandCase(tx, caseId)
        const row = await findDocument(tx, caseId, documentId)
        if (!row) throw documentNotFound()
        const text = texts(sealer).open(row.sealed_text, tenantId, documentId)
        return reply(200, { document_id: documentId, pages: row.pages, text })
      },
    }),
    tenantRoute({
      ...ofDocument,
      operationId: 'removeDenialDocument',
      method: 'DELETE',
      path: '/cases/:case_id/documents/:document_id',
      summary: 'Remove a paper from a case; run the case again for findings without it',
      access: 'denial.work',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId, document_id: documentId } }) => {
        await removeDocument(tx, { tenantId, by: caller.id }, caseId, documentId)
        return reply(204)
      },
    }),
  ]
}

/** @throws denials.document_too_large */
async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += (chunk as Buffer).length
    if (size > FILE_BYTES_MAX) {
      throw denialFault('denials.document_too_large', {
        public: `A document has at most ${FILE_BYTES_MAX / 1_048_576} MB. Send it in parts, or scan it with less colour.`,
        internal: 'the document is too large',
      })
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

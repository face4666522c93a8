import { z } from 'zod'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { FIELDS } from '../facts/index.ts'
import { inTenant, ofCase } from './case-routes.ts'
import { correctFact, withdrawCorrection } from './correct-fact.ts'
import { lastRun } from './last-run.ts'
import { approve, DOCUMENT_CHARACTERS_MAX, overruleFinding, readPack, rewriteDocument } from './pack.ts'
import { runCase } from './run-case.ts'
import {
  PackSummary,
  PackView,
  presentPack,
  presentPackSummary,
  presentRun,
  presentRunSummary,
  RunSummary,
  RunView,
} from './views.ts'

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((value) => !/[\p{Cs}]|(?![\n\r\t])\p{Cc}/u.test(value), 'must not contain control characters')
const DocumentName = z
  .string()
  .regex(/^[a-z_]{3,40}\.md$/, 'must be the name of a document of the pack, e.g. appeal_letter.md')
const Field = z.enum(FIELDS)

export const today = () => new Date().toISOString().slice(0, 10)

/** What is found in a case, what people say against it, and what is sent. */
export function findingRoutes({ sealer }: { sealer: Sealer }): Route[] {
  return [
    tenantRoute({
      ...ofCase,
      operationId: 'runDenialCase',
      method: 'POST',
      path: '/cases/:case_id/run',
      summary: 'Find facts, deadlines and route in the papers of a case, and write its documents',
      access: 'denial.work',
      responses: { 200: RunSummary },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId } }) => {
        await runCase(tx, sealer, { tenantId, by: caller.id }, caseId, today())
        return reply(200, presentRunSummary(await lastRun(tx, sealer, caseId)))
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'showDenialFindings',
      method: 'GET',
      path: '/cases/:case_id/findings',
      summary: 'What the last run found, or an earlier one: every fact with its place, every deadline with its rule',
      access: 'denial.read',
      query: z.strictObject({ ...TenantQuery, run: z.coerce.number().int().min(1).max(2_147_483_647).optional() }),
      responses: { 200: RunView },
      handle: async ({ tx, params: { case_id: caseId }, query: { run } }) =>
        reply(200, presentRun(await lastRun(tx, sealer, caseId, run))),
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'correctDenialFact',
      method: 'PUT',
      path: '/cases/:case_id/facts/:field',
      summary:
        'Say what a field really is; what was found stays beside it, and everything that depends on it is found anew',
      access: 'denial.work',
      params: z.strictObject({ case_id: z.uuid(), field: Field }),
      body: z.strictObject({ value: text(2_000) }),
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId, field }, body: { value } }) => {
        await correctFact(tx, sealer, { tenantId, by: caller.id }, caseId, { field, value, today: today() })
        return reply(204)
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'withdrawDenialCorrection',
      method: 'DELETE',
      path: '/cases/:case_id/facts/:field',
      summary: 'Take a correction back: what was found counts again',
      access: 'denial.work',
      params: z.strictObject({ case_id: z.uuid(), field: Field }),
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId, field } }) => {
        await withdrawCorrection(tx, sealer, { tenantId, by: caller.id }, caseId, { field, today: today() })
        return reply(204)
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'showDenialPack',
      method: 'GET',
      path: '/cases/:case_id/pack',
      summary: 'The documents to send, with what the gate finds in them',
      access: 'denial.read',
      responses: { 200: PackView },
      handle: async ({ tx, params: { case_id: caseId } }) =>
        reply(200, presentPack(await readPack(tx, sealer, caseId))),
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'rewriteDenialDocument',
      method: 'PUT',
      path: '/cases/:case_id/pack/:document',
      summary: 'Give a document of the pack another text: a new version, which the gate reads like the first',
      access: 'denial.work',
      params: z.strictObject({ case_id: z.uuid(), document: DocumentName }),
      body: z.strictObject({ text: text(DOCUMENT_CHARACTERS_MAX) }),
      responses: { 200: PackSummary },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId, document }, body }) => {
        await rewriteDocument(tx, sealer, { tenantId, by: caller.id }, caseId, { document, text: body.text })
        return reply(200, presentPackSummary(await readPack(tx, sealer, caseId)))
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'overruleDenialFinding',
      method: 'POST',
      path: '/cases/:case_id/pack/overrule',
      summary: 'Let something stand that the gate found, under your own name and with a reason',
      access: 'denial.approve',
      body: z.strictObject({ document: DocumentName, text: text(1_000), reason: text(500) }),
      responses: { 200: PackSummary },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId }, body }) => {
        await overruleFinding(tx, sealer, { tenantId, by: caller.id }, caseId, { ...body, now: new Date() })
        return reply(200, presentPackSummary(await readPack(tx, sealer, caseId)))
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'approveDenialPack',
      method: 'POST',
      path: '/cases/:case_id/pack/approve',
      summary: 'Freeze the documents of a case: refused while the gate finds something that nobody overruled',
      access: 'denial.approve',
      body: z.strictObject({ version: z.int().min(1).max(2_147_483_647) }),
      responses: { 200: PackSummary },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId }, body: { version } }) => {
        await approve(tx, sealer, { tenantId, by: caller.id }, caseId, version)
        return reply(200, presentPackSummary(await readPack(tx, sealer, caseId)))
      },
    }),
  ]
}

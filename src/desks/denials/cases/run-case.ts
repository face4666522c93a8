import { recordAudit } from '../../../core/audit/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import type { Field } from '../facts/index.ts'
import { factOf } from '../facts/index.ts'
import { writePack } from '../packs/index.ts'
import { demandCase } from './demand-case.ts'
import { denialFault } from './faults.ts'
import { type CaseInput, type Findings, findInCase } from './find-in-case.ts'
import type { Who } from './open-case.ts'
import { contexts, corrections, findings, packs, texts } from './sealed.ts'
import {
  type CaseRow,
  findPack,
  findRun,
  insertPack,
  insertRun,
  listCorrections,
  readTexts,
  updateCase,
} from './store.ts'

/** Of one case, the last ones. */
const RUNS_KEPT = 20

/**
 * Finds everything anew from the case's documents, its context and what people corrected, and writes the pack from it. What was found
 * before stays as an earlier run; an approved pack stays as it is.
 *
 * @throws denials.case_not_found, denials.case_is_under_way, denials.no_letter
 */
export async function runCase(tx: Tx, sealer: Sealer, who: Who, caseId: string, today: string): Promise<void> {
  const row = await demandCase(tx, caseId, { toChange: true })
  const input = await inputOf(tx, sealer, row, today)
  if (!input.texts.some(({ docType }) => docType === 'denial_letter')) {
    throw denialFault('denials.no_letter', {
      public: 'This case has no denial letter. Send it with POST /cases/{case_id}/documents?doc_type=denial_letter.',
      internal: 'a run without a letter',
    })
  }
  const found = findInCase(input)
  const run = ((await findRun(tx, caseId))?.run ?? 0) + 1
  const sealed_findings = findings(sealer).seal(found, who.tenantId, caseId, run)
  await insertRun(tx, caseId, { run, input_version: row.input_version, sealed_findings, started_by: who.by }, RUNS_KEPT)
  if (found.isLegible) await draftPack(tx, sealer, who, row, { run, found, today })
  await updateCase(tx, caseId, {
    status: found.isLegible ? 'review' : 'needs_better_scan',
    route: found.routing.route,
    payer: factOf(found, 'payer.name')?.value.slice(0, 200) ?? null,
    appeal_by: found.deadlines.find(({ kind }) => kind === 'appeal')?.date ?? found.deadlines[0]?.date ?? null,
  })
  const details = { run, route: found.routing.route, legible: found.isLegible }
  await recordAudit(tx, {
    tenantId: who.tenantId,
    actor: who.by,
    action: 'denial.run',
    subject: `denial:${caseId}`,
    details,
  })
}

async function draftPack(
  tx: Tx,
  sealer: Sealer,
  { tenantId, by }: Who,
  row: CaseRow,
  { run, found, today }: { run: number; found: Findings; today: string },
): Promise<void> {
  const version = ((await findPack(tx, row.case_id))?.version ?? 0) + 1
  const documents = writePack({
    facts: found,
    deadlines: found.deadlines,
    route: found.routing.route,
    plan: found.plan,
    today,
  })
  const sealed_content = packs(sealer).seal(
    { documents, overruled: [], writtenOn: today },
    tenantId,
    row.case_id,
    version,
  )
  const pack = { version, run, input_version: row.input_version, sealed_content, made_by: by }
  await insertPack(tx, row.case_id, pack)
}

async function inputOf(tx: Tx, sealer: Sealer, row: CaseRow, today: string): Promise<CaseInput> {
  const { tenant_id: tenantId, case_id: caseId } = row
  const documents = await readTexts(tx, caseId)
  const corrected = await listCorrections(tx, caseId)
  return {
    texts: documents.map(({ document_id, doc_type, sealed_text }) => ({
      ...{ documentId: document_id, docType: doc_type, text: texts(sealer).open(sealed_text, tenantId, document_id) },
    })),
    context: contexts(sealer).open(row.sealed_context, tenantId, caseId),
    corrections: corrected.map(({ field, sealed_value }) => ({
      field: field as Field,
      value: corrections(sealer).open(sealed_value, tenantId, caseId, field),
    })),
    today,
  }
}

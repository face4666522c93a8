import { recordAudit } from '../../../core/audit/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { invalid } from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import type { Field } from '../facts/index.ts'
import { CaseDate } from './case.ts'
import { demandCase } from './demand-case.ts'
import type { Who } from './open-case.ts'
import { runCase } from './run-case.ts'
import { corrections } from './sealed.ts'
import { deleteCorrection, findRun, putCorrection, updateCase } from './store.ts'

/**
 * Says what a field really is, and finds everything anew where something was found before. What was found stays beside it.
 *
 * @throws denials.case_not_found, denials.case_is_under_way, http.invalid
 */
export async function correctFact(
  tx: Tx,
  sealer: Sealer,
  who: Who,
  caseId: string,
  { field, value, today }: { field: Field; value: string; today: string },
): Promise<void> {
  const complaint = complaintAbout(field, value)
  if (complaint) throw invalid([{ in: 'body', field: 'value', message: complaint }])
  await demandCase(tx, caseId, { toChange: true })
  const sealed_value = corrections(sealer).seal(value, who.tenantId, caseId, field)
  await putCorrection(tx, caseId, { field, sealed_value, corrected_by: who.by })
  await afterwards(tx, sealer, who, caseId, { field, today, action: 'denial.correct' })
}

/** Takes a correction back: what was found counts again. */
export async function withdrawCorrection(
  tx: Tx,
  sealer: Sealer,
  who: Who,
  caseId: string,
  { field, today }: { field: Field; today: string },
): Promise<void> {
  await demandCase(tx, caseId, { toChange: true })
  if (await deleteCorrection(tx, caseId, field))
    await afterwards(tx, sealer, who, caseId, { field, today, action: 'denial.withdraw_correction' })
}

async function afterwards(
  tx: Tx,
  sealer: Sealer,
  who: Who,
  caseId: string,
  { field, today, action }: { field: Field; today: string; action: string },
): Promise<void> {
  await updateCase(tx, caseId, { hasNewInput: true })
  await recordAudit(tx, {
    tenantId: who.tenantId,
    actor: who.by,
    action,
    subject: `denial:${caseId}`,
    details: { field },
  })
  if (await findRun(tx, caseId)) await runCase(tx, sealer, who, caseId, today)
}

/** Values are compared and computed with: a date is one, an amount is one. */
function complaintAbout(field: Field, value: string): string | undefined {
  if (field.startsWith('dates.')) {
    return CaseDate.safeParse(value).success ? undefined : 'must be a date of this or the last century, YYYY-MM-DD'
  }
  if (field.startsWith('amounts.'))
    return /^\d{1,10}\.\d{2}$/.test(value) ? undefined : 'must be an amount with two decimal places, e.g. 2500.00'
  return undefined
}

import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { demandCase } from './demand-case.ts'
import { notRun } from './faults.ts'
import type { Findings } from './find-in-case.ts'
import { findings } from './sealed.ts'
import { findRun, type RunRow } from './store.ts'

export type CaseRun = Omit<RunRow, 'sealed_findings'> & { findings: Findings; isStale: boolean }

/** What the last run found, or one before it. @throws denials.case_not_found, denials.not_run */
export async function lastRun(tx: Tx, sealer: Sealer, caseId: string, wanted?: number): Promise<CaseRun> {
  const row = await demandCase(tx, caseId)
  const found = await findRun(tx, caseId, wanted)
  if (!found) throw notRun()
  const { sealed_findings, ...run } = found
  return {
    ...run,
    findings: findings(sealer).open(sealed_findings, row.tenant_id, caseId, run.run),
    isStale: run.input_version !== row.input_version,
  }
}

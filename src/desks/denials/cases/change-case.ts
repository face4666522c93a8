import { recordAudit } from '../../../core/audit/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { invalid } from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { type CaseStatus, mayBecome, type UserContext } from './case.ts'
import { demandCase } from './demand-case.ts'
import { denialFault } from './faults.ts'
import type { Who } from './open-case.ts'
import { contexts } from './sealed.ts'
import { type CaseRow, updateCase } from './store.ts'

export type CaseChanges = {
  mode?: CaseRow['mode'] | undefined
  assignee?: string | null | undefined
  user_context?: UserContext | undefined
  status?: CaseStatus | undefined
  outcome?: CaseRow['outcome'] | undefined
}

/**
 * Changes a case by hand. What findings depend on can only change while nothing was sent.
 *
 * @throws denials.case_not_found, denials.case_is_under_way, denials.status_not_possible, http.invalid
 */
export async function changeCase(
  tx: Tx,
  sealer: Sealer,
  { tenantId, by }: Who,
  caseId: string,
  changes: CaseChanges,
): Promise<void> {
  const { mode, assignee, user_context, status, outcome } = changes
  const hasNewInput = user_context !== undefined || mode !== undefined
  const row = await demandCase(tx, caseId, { toChange: hasNewInput, lock: true })
  const isSentWithNews = status === 'submitted' && hasNewInput
  if (status !== undefined && (isSentWithNews || !mayBecome(row.status, status))) {
    throw denialFault('denials.status_not_possible', {
      public: `A case that is ${row.status} cannot be made ${status} by hand.`,
      internal: `${row.status} to ${status}`,
    })
  }
  if ((status === 'decided') !== (outcome !== undefined)) {
    throw invalid([{ in: 'body', field: 'outcome', message: 'goes with the status `decided`, and with no other' }])
  }
  await updateCase(tx, caseId, {
    ...{ mode, assignee, status, outcome, hasNewInput },
    sealed_context: user_context && contexts(sealer).seal(user_context, tenantId, caseId),
  })
  const details = { changed: Object.keys(changes).sort(), ...(status === undefined ? {} : { status }) }
  await recordAudit(tx, { tenantId, actor: by, action: 'denial.change', subject: `denial:${caseId}`, details })
}

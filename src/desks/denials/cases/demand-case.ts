import type { Tx } from '../../../platform/database/index.ts'
import { mayRun } from './case.ts'
import { caseNotFound, denialFault } from './faults.ts'
import { type CaseRow, findCase } from './store.ts'

/**
 * The case; `toChange`: locked, and open for changes of what findings depend on; `lock`: only locked.
 *
 * @throws denials.case_not_found, denials.case_is_under_way
 */
export async function demandCase(tx: Tx, caseId: string, { toChange = false, lock = false } = {}): Promise<CaseRow> {
  const found = await findCase(tx, caseId, { lock: lock || toChange })
  if (!found) throw caseNotFound()
  if (toChange && !mayRun(found.status)) {
    throw denialFault('denials.case_is_under_way', {
      public: `This case is ${found.status.replaceAll('_', ' ')}: what was sent to the insurer stays as it was. Close it and open it again to work on it.`,
      internal: `a change of the input of a case that is ${found.status}`,
    })
  }
  return found
}

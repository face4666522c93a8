import { randomUUID } from 'node:crypto'
import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import type { UserContext } from './case.ts'
import { contexts } from './sealed.ts'
import { insertCase } from './store.ts'

export type Who = { tenantId: TenantId; by: string }

/** Opens a case; answers its id. */
export async function openCase(
  tx: Tx,
  sealer: Sealer,
  { tenantId, by }: Who,
  wanted: { mode: 'fast' | 'verified'; user_context: UserContext; assignee?: string | undefined },
): Promise<string> {
  // Ids of cases tell in what order they were opened: lists go by them.
  const caseId = uuidOfNow()
  const sealed_context = contexts(sealer).seal(wanted.user_context, tenantId, caseId)
  await insertCase(tx, {
    case_id: caseId,
    mode: wanted.mode,
    sealed_context,
    created_by: by,
    assignee: wanted.assignee ?? null,
  })
  await recordAudit(tx, {
    tenantId,
    actor: by,
    action: 'denial.open',
    subject: `denial:${caseId}`,
    details: { mode: wanted.mode },
  })
  return caseId
}

/** A UUID of version 7 (RFC 9562 §5.7): milliseconds since 1970 first, the rest random. */
export function uuidOfNow(nowMs = Date.now()): string {
  const time = nowMs.toString(16).padStart(12, '0')
  const random = randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

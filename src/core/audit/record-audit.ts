import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'

export type AuditEntry = {
  tenantId: TenantId
  /** The caller who made the change: `operator`, `person:<id>` or `key:<id>`. */
  actor: string
  /** What was done, as `<thing>.<verb>`; the permission's name where there is one. */
  action: string
  /** What it was done to, as `<thing>:<id>`. */
  subject: string
  /** What else a reader needs; never a secret, a password or a text that people wrote. */
  details?: Record<string, string | number | boolean | null | readonly string[]>
}

/** Writes a line in the transaction of the change it tells of. */
export async function recordAudit(tx: Tx | SystemTx, entry: AuditEntry): Promise<void> {
  await tx
    .insertInto('audit_log')
    .values({
      tenant_id: entry.tenantId,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      details: JSON.stringify(entry.details ?? {}),
    })
    .execute()
}

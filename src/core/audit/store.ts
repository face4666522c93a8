import { sql } from 'kysely'
import { readWithinBytes, type Tx } from '../../platform/database/index.ts'

export type AuditLine = {
  auditId: string
  at: Date
  actor: string
  action: string
  subject: string
  details: unknown
}

/** Lines older than `before`, newest first, one more than `limit`, and fewer where they are long. */
export function selectLines(
  tx: Tx,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<{ rows: AuditLine[]; found: number }> {
  return readWithinBytes<AuditLine>(tx, {
    ...{ order: sql`"auditId" desc`, bytes: sql`octet_length(subject) + octet_length(details::text) + 300` },
    rows: sql`
      select audit_id as "auditId", at, actor, action, subject, details from audit_log
      ${before === undefined ? sql`` : sql`where audit_id < ${before}`} order by audit_id desc limit ${limit + 1}`,
  })
}

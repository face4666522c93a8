import type { Tx } from '../../platform/database/index.ts'

export type AuditLine = {
  auditId: string
  at: Date
  actor: string
  action: string
  subject: string
  details: unknown
}

/** Lines older than `before`, newest first, one more than `limit`. */
export async function selectLines(tx: Tx, page: { before?: string | undefined; limit: number }): Promise<AuditLine[]> {
  const rows = await tx
    .selectFrom('audit_log')
    .select(['audit_id', 'at', 'actor', 'action', 'subject', 'details'])
    .$if(page.before !== undefined, (query) => query.where('audit_id', '<', page.before ?? ''))
    .orderBy('audit_id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return rows.map(({ audit_id, ...line }) => ({ auditId: audit_id, ...line }))
}

import { Readable } from 'node:stream'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { listCorrected } from './classification-store.ts'

/** Read by one statement; fewer when they are long. */
const AT_ONCE = 200

/** What agents have corrected, as labelled data: a JSON object a line, in the shape that `eval/` reads. */
export function exportCorrections(database: Database, tenantId: TenantId, signal: AbortSignal): Readable {
  return Readable.from(lines(database, tenantId, signal), { objectMode: false })
}

async function* lines(database: Database, tenantId: TenantId, signal: AbortSignal) {
  let after: readonly [string, string] | undefined
  for (;;) {
    signal.throwIfAborted()
    const page = await database.withTenant(tenantId, (tx) => listCorrected(tx, { after, limit: AT_ONCE }))
    for (const { external_id, language, subject, message, urgency, sentiment, requires_action } of page) {
      const label = { id: external_id, language: language ?? 'unknown', subject, body: message }
      yield `${JSON.stringify({ ...label, urgency, sentiment, requires_action, hard: true, note: 'corrected' })}\n`
    }
    const last = page.at(-1)
    if (!last) return
    after = [last.corrected_at.toISOString(), last.ticket_id]
  }
}

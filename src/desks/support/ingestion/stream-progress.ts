import { Readable } from 'node:stream'
import { sleep } from '../../../kernel/abort.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { findLog } from './list-logs.ts'
import { hasEnded, presentJob } from './present-job.ts'

const LOOK_EVERY_MS = 500
/** Proxies close connections on which nothing moves. */
const KEEP_ALIVE_EVERY = 30

/**
 * The progress of a job as server-sent events (WHATWG HTML §9.2): one `progress` event for each change, `ended` for the
 * last. Ends with the job, or when the caller goes away.
 */
export function streamProgress(
  database: Database,
  job: { tenantId: TenantId; jobId: string },
  signal: AbortSignal,
): Readable {
  return Readable.from(events(database, job, signal), { objectMode: false })
}

async function* events(database: Database, job: { tenantId: TenantId; jobId: string }, signal: AbortSignal) {
  let last = ''
  for (let quiet = 0; !signal.aborted; quiet += 1) {
    const row = await database.withTenant(job.tenantId, (tx) => findLog(tx, job.jobId))
    if (!row) return
    const data = JSON.stringify(presentJob(row))
    if (data !== last) {
      yield `event: ${hasEnded(row) ? 'ended' : 'progress'}\ndata: ${data}\n\n`
      quiet = 0
    } else if (quiet % KEEP_ALIVE_EVERY === 0) {
      yield ': still here\n\n'
    }
    if (hasEnded(row)) return
    last = data
    await sleep(LOOK_EVERY_MS, signal).catch(() => {})
  }
}

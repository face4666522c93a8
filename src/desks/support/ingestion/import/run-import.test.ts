import { expect, it } from 'vitest'
import type { TaskContext } from '../../../../core/tasks/index.ts'
import type { Database } from '../../../../platform/database/index.ts'
import type { Reading } from '../reading.ts'
import { startOrResumeReading } from '../reading.ts'
import { type ImportPayload, ingestionImport } from './run-import.ts'

/** An attempt after one that died between its last write, with which the file went, and the end of its task. */
function attempt(unreadable: string | null) {
  const counts = { created: 7, updated: 0, restored: 0, unchanged: 0, failed: 1, deleted: 0 }
  const context = {
    payload: { upload_id: '0198c0de-0000-7000-8000-000000000000', format: 'csv', chunks: 1, bytes: 10 },
    progress: startOrResumeReading({ counts, ended: { unreadable } }),
  } as unknown as TaskContext<ImportPayload, Reading>
  // There is nothing to be looked up any more.
  const kind = ingestionImport({ database: {} as Database, classifyTickets: async () => [] })
  return { counts, ending: kind.handle(context) }
}

it('an import that had read its whole file ends well', async () => {
  const { counts, ending } = attempt(null)
  expect(await ending).toEqual(counts)
})

it('an import that had found its file unreadable still says why', async () => {
  await expect(attempt('Quote Not Closed').ending).rejects.toMatchObject({
    error: { code: 'ingestion.import_unreadable', message: expect.stringContaining('Quote Not Closed') },
  })
})

import { defineTaskKind, PermanentFailure, type TaskKind } from '../../../core/tasks/index.ts'
import type { Database } from '../../../platform/database/index.ts'
import { readReport } from './read-report.ts'
import { KEPT_DAYS, PERMISSION_OF, ReportPayload } from './report.ts'
import { addPart, beginReport } from './store.ts'

/** What is written by one transaction, and read at once by who downloads. */
const PART_BYTES = 524_288
const MEGABYTE = 1_048_576

type Written = { bytes: number; parts: number }

/** Writes tickets, tasks or signals into a file that can be downloaded for a week. An attempt that is lost begins anew. */
export function reportExport(database: Database, megabytesMax: number): TaskKind<ReportPayload, Written> {
  return defineTaskKind<ReportPayload, Written>({
    name: 'report.export',
    payload: ReportPayload,
    retry: { attemptsMax: 5, baseSeconds: 2, capSeconds: 60 },
    timeLimitSeconds: 6 * 3_600,
    offer: {
      about: `Writes tickets, tasks or signals that a filter leaves into a CSV or NDJSON file, which can be downloaded for ${KEPT_DAYS} days.`,
      permissionFor: ({ subject }) => PERMISSION_OF[subject],
    },
    handle: async ({ tenantId, taskId, payload, signal, write }) => {
      const written: Written = { bytes: 0, parts: 0 }
      await write(async (tx) => {
        await beginReport(tx, taskId, payload)
        return written
      })
      const addParts = async (pieces: readonly Buffer[]) => {
        const bytes = Buffer.concat(pieces)
        for (let from = 0; from < bytes.length; from += PART_BYTES) {
          const part = bytes.subarray(from, from + PART_BYTES)
          written.bytes += part.length
          written.parts += 1
          await write(async (tx) => {
            demandRoom(await addPart(tx, taskId, part), megabytesMax)
            return written
          })
        }
      }
      let waiting: Buffer[] = []
      let bytes = 0
      for await (const piece of readReport({ database, tenantId, signal }, payload)) {
        waiting.push(piece)
        bytes += piece.length
        if (bytes < PART_BYTES) continue
        await addParts(waiting)
        waiting = []
        bytes = 0
      }
      await addParts(waiting)
      return { ...written, download: `/api/v1/tasks/${taskId}/report` }
    },
  })
}

function demandRoom(bytes: number, megabytesMax: number): void {
  if (bytes <= megabytesMax * MEGABYTE) return
  throw new PermanentFailure({
    code: 'reports.too_large',
    message: `The reports of a tenant may have ${megabytesMax} MB together, and with this one they would have more. Narrow its filter, or delete the tasks of reports that nobody needs.`,
  })
}

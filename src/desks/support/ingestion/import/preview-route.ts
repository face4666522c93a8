import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { z } from 'zod'
import type { Tx } from '../../../../platform/database/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../../platform/http/index.ts'
import { TICKET_STATUSES } from '../../tickets/index.ts'
import { formatOf, UPLOAD_TYPES } from './file-types.ts'
import { Mapping } from './mapping.ts'
import { MappingQuery, parseMapping } from './parse-mapping.ts'
import { type FilePreview, previewFile } from './preview-file.ts'
import { lookInThread } from './read-in-thread.ts'
import { IMPORT_FORMATS } from './read-records.ts'
import { rulesOf } from './reading-rules.ts'
import { receiveHead } from './receive-head.ts'
import { tooManyPreviews } from './upload-faults.ts'
import { TICKET_FIELDS } from './wanted-columns.ts'

const timestamp = z.iso.datetime()
const field = z.enum(TICKET_FIELDS)
const line = z.int().meta({ description: 'Where it begins in the file, counted from 1' })

const ImportPreviewView = z
  .object({
    format: z.enum(IMPORT_FORMATS),
    bytes: z.int().meta({ description: 'How much of the file was looked at' }),
    is_complete: z
      .boolean()
      .meta({ description: 'Whether that is all of it, but for records past the three hundredth' }),
    usable: z.int(),
    failed: z.int(),
    refusal: z.string().nullable().meta({ description: 'Why an import would refuse the file, or end in the middle' }),
    mapping: Mapping.meta({ description: 'Given to the import, it stores the file as `rows` shows it' }),
    guesses: z.array(
      z.object({
        what: z
          .string()
          .meta({ description: 'A part of the mapping that the request left open', example: 'columns.id' }),
        value: z.string(),
        confidence: z.number().min(0).max(1),
        because: z.string(),
      }),
    ),
    columns: z.array(z.object({ name: z.string(), field: field.nullable(), examples: z.array(z.string()) })),
    rows: z.array(
      z.object({
        line,
        external_id: z.string(),
        customer_id: z.string(),
        source: z.string(),
        status: z.enum(TICKET_STATUSES),
        subject: z.string(),
        message: z.string().meta({ description: 'Its first 500 characters' }),
        created_at: timestamp,
        updated_at: timestamp,
      }),
    ),
    problems: z.array(
      z.object({
        field: field.nullable().meta({ description: 'Null: the line is no record' }),
        column: z.string().nullable(),
        reason: z.string(),
        count: z.int(),
        first_line: line,
        examples: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'ImportPreview' })

const TEXT_SHOWN = 500

/** Threads of this process that look at files, and requests that wait for one. */
const AT_ONCE_MAX = 2
const WAITING_MAX = 20

/** How a file would be stored, before anything is. */
export function previewRoute({ maxBytes }: { maxBytes: number }): Route {
  const inTurn = fewAtOnce(AT_ONCE_MAX, WAITING_MAX)
  return tenantRoute({
    operationId: 'previewImport',
    method: 'POST',
    path: '/ingest/import/preview',
    tag: 'Ingestion',
    summary: 'Show how a file would be imported: its first rows, what is wrong with it, and a mapping that reads it',
    access: 'ingestion.run',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, ...MappingQuery }),
    upload: UPLOAD_TYPES,
    responses: { 200: ImportPreviewView },
    prepare: async ({ query, request: { body, headers }, signal }) => {
      const said = parseMapping(query) ?? {}
      const format = formatOf(headers['content-type'])
      const head = await receiveHead(body instanceof Readable ? body : undefined, maxBytes)
      const order = { look: { format, wanted: rulesOf(said).wanted, isCut: head.isCut }, head: head.bytes }
      return { said, format, head, look: await inTurn(() => lookInThread(order, signal)) }
    },
    handle: async ({ tx, tenantId, prepared: { said, format, head, look } }) => {
      const preview = await previewFile(look, said, { tenantId, timeZone: await findTimeZone(tx) })
      return reply(200, { format, bytes: head.bytes.length, is_complete: !head.isCut, ...present(preview) })
    },
  })
}

const present = ({ tickets, ...preview }: FilePreview) => ({
  ...preview,
  rows: tickets.map(({ line, ticket: { subject, message, ...ticket } }) => ({
    ...{ line, ...ticket },
    subject: subject.slice(0, TEXT_SHOWN).toWellFormed(),
    message: message.slice(0, TEXT_SHOWN).toWellFormed(),
  })),
})

async function findTimeZone(tx: Tx): Promise<string> {
  const { rows } = await sql<{ time_zone: string }>`select time_zone from tenants`.execute(tx)
  return rows[0]?.time_zone ?? 'UTC'
}

/** Lets so many do their work at once and so many wait. @throws ingestion.too_many_previews for those beyond */
function fewAtOnce(atOnce: number, waitingMax: number) {
  let running = 0
  const waiting: (() => void)[] = []
  return async <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    if (waiting.length >= waitingMax) throw tooManyPreviews()
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

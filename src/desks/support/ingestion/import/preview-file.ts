import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { takingTurns } from '../../../../kernel/turns.ts'
import type { DeliveredTicket } from '../../tickets/index.ts'
import { findColumns } from './csv-header.ts'
import type { SeenColumn } from './guess-columns.ts'
import { type Guess, guessMapping, type Seen } from './guess-mapping.ts'
import type { JsonObject } from './json-records.ts'
import { UnreadableFile } from './limits.ts'
import type { FileLook } from './look-at-file.ts'
import type { Mapping } from './mapping.ts'
import { readImported } from './read-imported.ts'
import { objectPicker, pickFromCells } from './read-records.ts'
import { type ReadingRules, rulesOf } from './reading-rules.ts'
import { columnsNamed, type Picked, saysNothing, type TicketField } from './wanted-columns.ts'

export type Problem = {
  field: TicketField | null
  column: string | null
  reason: string
  count: number
  first_line: number
  examples: string[]
}

export type FilePreview = {
  mapping: Mapping
  guesses: Guess[]
  columns: { name: string; field: TicketField | null; examples: string[] }[]
  tickets: { line: number; ticket: DeliveredTicket }[]
  problems: Problem[]
  usable: number
  failed: number
  /** Why an import would refuse the file, or end in the middle. */
  refusal: string | null
}

const TICKETS_SHOWN = 20
const PROBLEMS_SHOWN = 50
const EXAMPLES_SHOWN = 3

/** How a file would be stored, by what a request says of it and by what is guessed of the rest. */
export async function previewFile(
  look: FileLook,
  said: Mapping,
  tenant: { tenantId: TenantId; timeZone: string },
): Promise<FilePreview> {
  const pause = takingTurns()
  const columns: SeenColumn[] = []
  for (const [index, name] of look.names.entries()) {
    columns.push({ name, values: look.records.map((_, n) => valueAt(look, n, { name, index })) })
    await pause()
  }
  const tell: Seen['tell'] = (rules, field) => pickAll(look, rules).map((picked) => picked[field])
  const { mapping, guesses } = await guessMapping({ look, columns, tell: quietly(tell) }, said, tenant.timeZone)
  await pause()
  const rules = rulesOf(mapping)
  const preview: FilePreview = {
    ...{ mapping, guesses, columns: present(columns, look, rules), tickets: [], problems: [] },
    ...{ usable: 0, failed: look.setAside.length, refusal: look.unreadable },
  }
  const { problems, complain } = problemBook(look, rules)
  for (const { line, failure } of look.setAside) complain(null, failure, line, '')
  try {
    for (const [index, picked] of pickAll(look, rules).entries()) {
      await pause()
      const line = look.records[index]?.line ?? 0
      const read = readImported(picked, tenant.tenantId, rules)
      if ('problems' in read) {
        preview.failed += 1
        for (const { field, reason, value } of read.problems) complain(field, reason, line, value)
      } else {
        preview.usable += 1
        if (preview.tickets.length < TICKETS_SHOWN) preview.tickets.push({ line, ticket: read })
      }
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    preview.refusal = error.message
  }
  return { ...preview, problems: problems() }
}

/** What is wrong, told together where it is wrong alike; the most first. */
function problemBook(look: FileLook, rules: ReadingRules) {
  const book = new Map<string, Problem>()
  const complain = (field: TicketField | null, reason: string, line: number, value: string) => {
    const key = `${field} ${reason}`
    const column = field === null ? null : columnOf(look, rules, field)
    const problem = book.get(key) ?? { field, column, reason, count: 0, first_line: line, examples: [] }
    problem.count += 1
    const isShown = value === '' || problem.examples.length === EXAMPLES_SHOWN || problem.examples.includes(value)
    if (!isShown) problem.examples.push(value)
    book.set(key, problem)
  }
  const problems = () => [...book.values()].toSorted((a, b) => b.count - a.count).slice(0, PROBLEMS_SHOWN)
  return { complain, problems }
}

/** What each record says of a ticket. @throws UnreadableFile as an import would */
function pickAll(look: FileLook, { wanted }: ReadingRules): Picked[] {
  if (look.delimiter === null) {
    const pick = objectPicker(wanted)
    return look.records.map(({ values }) => pick(values as JsonObject).fields)
  }
  const columns = findColumns(look.names, wanted)
  return look.records.map(({ values }) => pickFromCells((index) => (values as string[])[index] ?? '', columns))
}

/** While it is being guessed, what is missing says nothing. */
const quietly =
  (tell: Seen['tell']): Seen['tell'] =>
  (rules, field) => {
    try {
      return tell({ ...rules, wanted: { ...rules.wanted, needed: [] } }, field)
    } catch (error) {
      if (error instanceof UnreadableFile) return []
      throw error
    }
  }

function valueAt(look: FileLook, record: number, { name, index }: { name: string; index: number }): unknown {
  const values = look.records[record]?.values
  if (values === undefined || Array.isArray(values)) return values?.[index]
  if (Object.hasOwn(values, name)) return values[name]
  return name.split('.').reduce<unknown>((value, part) => (value as JsonObject | undefined)?.[part], values)
}

const EXAMPLE_CHARACTERS = 100

function present(columns: readonly SeenColumn[], look: FileLook, rules: ReadingRules) {
  const fields = Object.keys(rules.wanted.columns) as TicketField[]
  const fieldOf = new Map(fields.map((field) => [columnOf(look, rules, field), field]))
  return columns.map(({ name, values }) => {
    const told = new Set(values.filter((value) => !saysNothing(value) && typeof value !== 'object').map(String))
    const examples = [...told]
      .slice(0, EXAMPLES_SHOWN)
      .map((value) => value.slice(0, EXAMPLE_CHARACTERS).toWellFormed())
    return { name: name.slice(0, 200).toWellFormed(), field: fieldOf.get(name) ?? null, examples }
  })
}

const columnOf = ({ names }: FileLook, { wanted }: ReadingRules, field: TicketField): string | null => {
  const index = wanted.columns[field].flatMap((name) => columnsNamed(names, name, wanted.said.includes(field)))[0]
  return index === undefined ? null : (names[index] ?? null)
}

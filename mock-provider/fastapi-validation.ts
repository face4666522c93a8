import type { Notification } from './notify.ts'

/** One entry of a 422 body, as FastAPI with Pydantic 2 writes it. */
export type Problem = {
  type: string
  loc: (string | number)[]
  msg: string
  input: unknown
  ctx?: Record<string, unknown>
}
export type Checked<Value> = { value: Value } | { problems: Problem[] }
export type ListQuery = { page: number; pageSize: number; includeDeleted: boolean }

const DEFAULT_PAGE_SIZE = 50
// Python reads surrounding blanks, a sign, underscores between digits and a zero fraction as part of an integer.
const PYTHON_INTEGER = /^\s*[+-]?\d+(_\d+)*(\.0+)?\s*$/
const TRUE_WORDS = ['1', 'true', 't', 'yes', 'y', 'on']
const FALSE_WORDS = ['0', 'false', 'f', 'no', 'n', 'off']
const NOTIFICATION_FIELDS = ['ticket_id', 'tenant_id', 'urgency', 'reason'] as const

/** Checks the parameters of the ticket list. Parameters it does not know, `tenant_id` among them, are ignored. */
export function checkListQuery(query: URLSearchParams, pageSizeCap: number): Checked<ListQuery> {
  const problems: Problem[] = []
  const page = readInteger(query, 'page', { minimum: 1, fallback: 1 }, problems)
  const pageSizeBounds = { minimum: 1, maximum: pageSizeCap, fallback: Math.min(DEFAULT_PAGE_SIZE, pageSizeCap) }
  const pageSize = readInteger(query, 'page_size', pageSizeBounds, problems)
  const includeDeleted = readBoolean(query, 'include_deleted', problems)
  return problems.length > 0 ? { problems } : { value: { page, pageSize, includeDeleted } }
}

/** Checks the body of a notification: four texts. Fields it does not know are ignored. */
export function checkNotification(text: string, contentType: string | undefined): Checked<Notification> {
  if (text === '') return { problems: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }] }
  const isJson = contentType === undefined || /^application\/([\w.-]+\+)?json\b/i.test(contentType)
  const parsed = isJson ? parseJson(text) : { value: text }
  if ('problems' in parsed) return parsed
  const body = parsed.value
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from'
    return { problems: [{ type: 'model_attributes_type', loc: ['body'], msg, input: body }] }
  }
  const fields = body as Record<string, unknown>
  const problems = NOTIFICATION_FIELDS.flatMap((name): Problem[] => {
    if (!Object.hasOwn(fields, name)) {
      return [{ type: 'missing', loc: ['body', name], msg: 'Field required', input: body }]
    }
    if (typeof fields[name] === 'string') return []
    return [{ type: 'string_type', loc: ['body', name], msg: 'Input should be a valid string', input: fields[name] }]
  })
  if (problems.length > 0) return { problems }
  const { ticket_id, tenant_id, urgency, reason } = fields as Notification
  return { value: { ticket_id, tenant_id, urgency, reason } }
}

function readInteger(
  query: URLSearchParams,
  name: string,
  bounds: { minimum: number; maximum?: number; fallback: number },
  problems: Problem[],
): number {
  const input = lastValue(query, name)
  if (input === undefined) return bounds.fallback
  const loc = ['query', name]
  if (!PYTHON_INTEGER.test(input)) {
    const msg = 'Input should be a valid integer, unable to parse string as an integer'
    problems.push({ type: 'int_parsing', loc, msg, input })
    return bounds.fallback
  }
  const value = Number(input.replaceAll('_', ''))
  const { minimum, maximum = Number.POSITIVE_INFINITY } = bounds
  if (value < minimum) {
    const msg = `Input should be greater than or equal to ${minimum}`
    problems.push({ type: 'greater_than_equal', loc, msg, input, ctx: { ge: minimum } })
  } else if (value > maximum) {
    const msg = `Input should be less than or equal to ${maximum}`
    problems.push({ type: 'less_than_equal', loc, msg, input, ctx: { le: maximum } })
  }
  return value
}

function readBoolean(query: URLSearchParams, name: string, problems: Problem[]): boolean {
  const input = lastValue(query, name)
  if (input === undefined) return false
  const word = input.toLowerCase()
  if (TRUE_WORDS.includes(word)) return true
  if (!FALSE_WORDS.includes(word)) {
    const msg = 'Input should be a valid boolean, unable to interpret input'
    problems.push({ type: 'bool_parsing', loc: ['query', name], msg, input })
  }
  return false
}

/** Of a repeated parameter the last one counts, as in Starlette. */
function lastValue(query: URLSearchParams, name: string): string | undefined {
  return query.getAll(name).at(-1)
}

function parseJson(text: string): Checked<unknown> {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    const position = Number(/at position (\d+)/.exec(String(error))?.[1] ?? 0)
    const ctx = { error: 'Expecting value' }
    return { problems: [{ type: 'json_invalid', loc: ['body', position], msg: 'JSON decode error', input: {}, ctx }] }
  }
}

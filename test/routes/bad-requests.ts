import { z } from 'zod'
import type { MountedRoute } from '../../src/platform/http/index.ts'
import { addressOf, type Sample } from './samples.ts'

/** A request that must be refused: with `status`, and for 422 with an error about `field`. */
export type BadRequest = {
  what: string
  address: string
  body?: string
  headers?: Record<string, string>
  status: number[]
  field?: string
}

type Schema = {
  type?: string | string[]
  enum?: unknown[]
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  anyOf?: Schema[]
  default?: unknown
  properties?: Record<string, Schema>
  required?: string[]
}
type Field = { name: string; schema: Schema; isRequired: boolean; isNullable: boolean }

const BODY_LIMIT_BYTES = 1_048_576
const JSON_TYPE = { 'content-type': 'application/json' }

function fieldsOf(schema: z.ZodType | undefined): Field[] {
  if (!schema) return []
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema
  return Object.entries(properties).map(([name, field]) => {
    // What may be null, and otherwise one thing, is as bad as that thing.
    const [schema = field, ...more] = field.anyOf?.filter(({ type }) => type !== 'null') ?? []
    const isNullable = field.anyOf?.length === 2 && more.length === 0
    return { name, schema: isNullable ? schema : field, isRequired: required.includes(name), isNullable }
  })
}

/** What a text has to look like; `password` only tells a form to hide it. */
const hasForm = ({ enum: values, format, pattern }: Schema) =>
  values !== undefined || pattern !== undefined || (format !== undefined && format !== 'password')
const isText = ({ type }: Schema) => type === 'string'

/** Every text field says how long it may be, directly or by what it has to look like. */
export function boundless({ route: { params, query, body } }: MountedRoute): string[] {
  const isBounded = (schema: Schema) => schema.maxLength !== undefined || hasForm(schema)
  return [params, query, body]
    .flatMap(fieldsOf)
    .flatMap(({ name, schema }) => [
      ...(isText(schema) && !isBounded(schema) ? [name] : []),
      ...(schema.items && isText(schema.items) && !isBounded(schema.items) ? [`${name}[]`] : []),
      ...(schema.type === 'array' && schema.maxItems === undefined ? [name] : []),
    ])
}

/** Texts that do not fit the field, with why; good for a query and a path too, where everything is text. */
function badTexts({ schema }: Field): [string, string][] {
  const { type, maxLength, minimum, maximum } = schema
  return [
    // A field that is empty unless somebody says otherwise may be empty.
    ...(schema.default === '' ? [] : ([['empty', '']] as [string, string][])),
    ...(type === 'integer' || type === 'number'
      ? ([
          ['a word for a number', 'many'],
          ['half a number', '1.5'],
        ] as [string, string][])
      : []),
    ...(minimum !== undefined ? ([['below the least', String(minimum - 1)]] as [string, string][]) : []),
    ...(maximum !== undefined ? ([['above the most', String(maximum + 1)]] as [string, string][]) : []),
    ...(hasForm(schema) ? ([['of another form', '!nonsense!']] as [string, string][]) : []),
    ...(isText(schema) ? ([['with NUL', 'a\0b']] as [string, string][]) : []),
    ...(isText(schema) ? ([['too long', 'x'.repeat((maxLength ?? 5_000) + 1)]] as [string, string][]) : []),
  ]
}

/** Values of another type, and what else does not fit a field of a JSON body. */
function badValues(field: Field): [string, unknown][] {
  const { schema } = field
  const others: [string, unknown][] = [
    ...(field.isNullable ? [] : ([['null', null]] as [string, unknown][])),
    ['a number', 7],
    ['true', true],
    ['an object', { a: 1 }],
    ['a list', [1]],
    ['a text', 'text'],
  ]
  if (schema.type === 'integer' || schema.type === 'number') {
    return [
      ...others.filter(([what]) => what !== 'a number'),
      // Where it need not be whole, half a number is one.
      ...(schema.type === 'integer' ? ([['half a number', 1.5]] as [string, unknown][]) : []),
      ...(schema.minimum !== undefined ? ([['below the least', schema.minimum - 1]] as [string, unknown][]) : []),
      ...(schema.maximum !== undefined ? ([['above the most', schema.maximum + 1]] as [string, unknown][]) : []),
    ]
  }
  if (schema.type === 'array') {
    const one = ['ticket.read']
    return [
      ...others.filter(([what]) => what !== 'a list'),
      ...((schema.minItems ?? 0) > 0 ? ([['an empty list', []]] as [string, unknown][]) : []),
      ['a list of numbers', [7]],
      ['a list with a text that is too long', ['x'.repeat(5_000)]],
      ['too long a list', Array.from({ length: (schema.maxItems ?? 1_000) + 1 }, () => one[0])],
    ]
  }
  // One whose members somebody else says.
  if (schema.type === 'object' && !('properties' in schema)) return others.filter(([what]) => what !== 'an object')
  if (schema.type === 'boolean') return others.filter(([what]) => what !== 'true')
  return [...others.filter(([what]) => !(isText(schema) && what === 'a text')), ...badTexts(field)]
}

/** Every way to spoil the sample of a route, one at a time. */
export function badRequests(mounted: MountedRoute, sample: Sample): BadRequest[] {
  const { params, query, body } = mounted.route
  const goodBody = sample.body === undefined ? undefined : JSON.stringify(sample.body)
  const request = (what: string, changed: Partial<Sample>, expected: Partial<BadRequest> = {}): BadRequest => ({
    ...{ what, address: addressOf(mounted, { ...sample, ...changed }), status: [422] },
    ...(goodBody === undefined ? {} : { body: goodBody, headers: JSON_TYPE }),
    ...expected,
  })
  const spoiledPath = fieldsOf(params).flatMap((field) =>
    badTexts(field)
      // An empty or over-long part of a path makes it another path, at which nothing is.
      .map(([what, text]) =>
        request(
          `path ${field.name} ${what}`,
          { params: { ...sample.params, [field.name]: text } },
          {
            ...{ status: text === '' || text.length > 200 ? [400, 404, 422] : [422], field: field.name },
          },
        ),
      ),
  )
  const queryFields = fieldsOf(query)
  const spoiledQuery = queryFields.flatMap((field) => {
    const { name, isRequired } = field
    const { [name]: _, ...others } = sample.query ?? {}
    const separator = addressOf(mounted, sample).includes('?') ? '&' : '?'
    const again = encodeURIComponent(sample.query?.[name] ?? '1')
    const twice = sample.query?.[name] === undefined ? `${name}=${again}&${name}=${again}` : `${name}=${again}`
    return [
      ...badTexts(field).map(([what, text]) =>
        request(`query ${name} ${what}`, { query: { ...others, [name]: text } }, { field: name }),
      ),
      ...(isRequired ? [request(`query ${name} missing`, { query: others }, { field: name })] : []),
      request(`query ${name} twice`, {}, { address: `${addressOf(mounted, sample)}${separator}${twice}`, field: name }),
    ]
  })
  const unknownQuery = ['unheard_of', '__proto__', 'constructor'].map((name) =>
    request(`query with an unknown ${name}`, { query: { ...sample.query, [name]: '1' } }, { field: name }),
  )
  return [...spoiledPath, ...spoiledQuery, ...unknownQuery, ...(body ? spoiledBodies(mounted, sample, request) : [])]
}

type MakeRequest = (what: string, changed: Partial<Sample>, expected?: Partial<BadRequest>) => BadRequest

function spoiledBodies({ route }: MountedRoute, sample: Sample, request: MakeRequest): BadRequest[] {
  const good = sample.body ?? {}
  const withBody = (what: string, body: unknown, field?: string) =>
    request(`body ${what}`, {}, { body: JSON.stringify(body), ...(field === undefined ? {} : { field }) })
  const raw = (what: string, body: string, status: number) => request(`body ${what}`, {}, { body, status: [status] })
  const perField = fieldsOf(route.body).flatMap((field) => {
    const { [field.name]: _, ...others } = good
    return [
      ...badValues(field).map(([what, value]) =>
        withBody(`${field.name}: ${what}`, { ...good, [field.name]: value }, field.name),
      ),
      ...(field.isRequired ? [withBody(`without ${field.name}`, others, field.name)] : []),
    ]
  })
  const large = JSON.stringify({ ...good, padding: 'x'.repeat(BODY_LIMIT_BYTES) })
  const proto = JSON.stringify(good).replace(/}$/, ',"__proto__":{"isOperator":true}}')
  const throughConstructor = JSON.stringify(good).replace(/}$/, ',"constructor":{"prototype":{"isOperator":true}}}')
  return [
    ...perField,
    withBody('with an unknown field', { ...good, unheard_of: 1 }, 'unheard_of'),
    ...[null, 7, 'text', [], [good]].map((body) => withBody(`that is ${JSON.stringify(body)?.slice(0, 10)}`, body)),
    request('body missing', {}, { body: '', headers: {}, status: [415, 422] }),
    raw('empty', '', 400),
    raw('of half a JSON', '{"a":', 400),
    raw('of two JSONs', '{}{}', 400),
    raw('nested beyond reason', '['.repeat(100_000), 422),
    raw('nested beyond reason and closed', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 422),
    raw('with __proto__', proto, 400),
    raw('with constructor.prototype', throughConstructor, 400),
    raw('too large', large, 413),
    ...['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'].map(
      (type) => request(`body as ${type}`, {}, { headers: { 'content-type': type }, status: [415] }),
    ),
  ]
}

/** Keys that every unsafe route refuses. */
export function badKeys(mounted: MountedRoute, sample: Sample): BadRequest[] {
  if (mounted.route.method === 'GET') return []
  return ['', 'two words', 'k'.repeat(256)].map((key) => ({
    ...{ what: `Idempotency-Key "${key.slice(0, 10)}"`, address: addressOf(mounted, sample) },
    ...(sample.body === undefined ? {} : { body: JSON.stringify(sample.body) }),
    headers: { ...(sample.body === undefined ? {} : JSON_TYPE), 'idempotency-key': key },
    ...{ status: [422], field: 'Idempotency-Key' },
  }))
}

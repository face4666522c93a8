import { type Schema, Validator } from '@cfworker/json-schema'

/**
 * What a schema may be made of. Missing on purpose: what runs a tenant's expression (`pattern`, `patternProperties`, `format`), what
 * leads elsewhere or in circles (`$ref`, `$id`, `$dynamicRef`), and what compares everything with everything (`uniqueItems`).
 * With these each part of a schema looks at each part of a payload once at the most.
 */
const KEYWORDS: Record<string, 'plain' | 'schema' | 'schemas' | 'named schemas'> = {
  ...{
    $schema: 'plain',
    title: 'plain',
    description: 'plain',
    default: 'plain',
    examples: 'plain',
    deprecated: 'plain',
  },
  ...{ type: 'plain', enum: 'plain', const: 'plain', required: 'plain' },
  ...{ minimum: 'plain', maximum: 'plain', exclusiveMinimum: 'plain', exclusiveMaximum: 'plain', multipleOf: 'plain' },
  ...{ minLength: 'plain', maxLength: 'plain', minItems: 'plain', maxItems: 'plain' },
  ...{ minProperties: 'plain', maxProperties: 'plain' },
  ...{ items: 'schema', additionalProperties: 'schema', contains: 'schema', not: 'schema', propertyNames: 'schema' },
  ...{ allOf: 'schemas', anyOf: 'schemas', oneOf: 'schemas', prefixItems: 'schemas' },
  ...{ properties: 'named schemas' },
}
const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']
const COUNTS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties']
const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']

/** Of a schema as JSON, its nesting, and the parts of it that are schemas themselves. */
export const SCHEMA_BYTES_MAX = 16_384
export const SCHEMA_DEPTH_MAX = 10
export const SCHEMA_PARTS_MAX = 200

/** A place in a schema or payload, and what is wrong there. */
export type Complaint = { path: string; message: string }

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0

/** What is wrong with a schema, or null. Payloads of objects only: so that there is room for more. */
export function findComplaint(schema: unknown): Complaint | null {
  if (Buffer.byteLength(JSON.stringify(schema)) > SCHEMA_BYTES_MAX)
    return { path: '', message: `has more than ${SCHEMA_BYTES_MAX} bytes as JSON` }
  if (!isObject(schema) || schema.type !== 'object') return { path: 'type', message: 'must be object' }
  let parts = 0
  const look = (part: unknown, path: string, depth: number): Complaint | null => {
    parts += 1
    if (parts > SCHEMA_PARTS_MAX)
      return { path, message: `is beyond the ${SCHEMA_PARTS_MAX} parts that a schema may have` }
    if (depth > SCHEMA_DEPTH_MAX) return { path, message: `is nested more than ${SCHEMA_DEPTH_MAX} deep` }
    if (typeof part === 'boolean') return null
    if (!isObject(part)) return { path, message: 'must be a schema' }
    for (const [keyword, value] of Object.entries(part)) {
      const at = path === '' ? keyword : `${path}.${keyword}`
      const found = lookAt(keyword, value, at) ?? below(keyword, value, at, depth)
      if (found) return found
    }
    return null
  }
  const below = (keyword: string, value: unknown, at: string, depth: number): Complaint | null => {
    const kind = KEYWORDS[keyword]
    if (kind === 'schema') return look(value, at, depth + 1)
    if (kind === 'schemas' && !(Array.isArray(value) && value.length > 0))
      return { path: at, message: 'must be a list of schemas' }
    if (kind === 'named schemas' && !isObject(value)) return { path: at, message: 'must name schemas' }
    if (kind === 'plain') return null
    for (const [name, each] of Object.entries(value as object)) {
      const found = look(each, `${at}.${name}`, depth + 1)
      if (found) return found
    }
    return null
  }
  return look(schema, '', 1)
}

function lookAt(keyword: string, value: unknown, path: string): Complaint | null {
  if (!Object.hasOwn(KEYWORDS, keyword)) return { path, message: 'is not a keyword that schemas of payloads may have' }
  if (NUMBERS.includes(keyword) && !Number.isFinite(value)) return { path, message: 'must be a number' }
  if (COUNTS.includes(keyword) && !isCount(value)) return { path, message: 'must be a whole number, not below 0' }
  if (keyword === 'multipleOf' && !(isCount(value) && value !== 0))
    return { path, message: 'must be a whole number above 0' }
  if (keyword === 'enum' && !(Array.isArray(value) && value.length > 0)) return { path, message: 'must be a list' }
  if (keyword === 'required' && !(Array.isArray(value) && value.every((name) => typeof name === 'string')))
    return { path, message: 'must be a list of names' }
  const types = Array.isArray(value) ? value : [value]
  if (keyword === 'type' && !(types.length > 0 && types.every((type) => TYPES.includes(type as string))))
    return { path, message: `must be one of ${TYPES.join(', ')}, or a list of them` }
  return null
}

const SAID_MAX = 20

/**
 * The work of one request: each part of a schema looks at each member of a payload once at the most, which takes some 200 ns, and
 * nothing else is answered meanwhile.
 */
export const WORK_MAX = 1_000_000

/** The parts of a schema and the values of its lists, times the members of a payload. */
export function workOf(schema: unknown, payload: unknown): number {
  return count(schema) * count(payload)
}

function count(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, each) => sum + count(each), 1)
}

/**
 * What of a payload does not fit a schema that has no complaint: the first place where it does not, like `lines.0.amount`. To list them
 * all would take memory for each pair of a part and a member.
 */
export function misfits(schema: unknown, payload: unknown): Complaint[] {
  const { valid, errors } = new Validator(schema as Schema, '2020-12', true).validate(payload)
  if (valid) return []
  const places = errors.map(({ instanceLocation, keyword, error }) => ({
    path: instanceLocation.slice(2).split('/').map(asWritten).join('.'),
    ...{ keyword, message: error },
  }))
  // Those that only say that something within them does not fit say less.
  const within = ['properties', 'items', 'prefixItems', 'additionalProperties', 'allOf']
  const inner = places.filter(({ keyword }) => !within.includes(keyword))
  const said = inner.length > 0 ? inner : places
  return said.slice(0, SAID_MAX).map(({ path, keyword, message }) => ({
    path,
    message: keyword === 'false' ? 'is not allowed here' : message.slice(0, 300),
  }))
}

const asWritten = (part: string) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')

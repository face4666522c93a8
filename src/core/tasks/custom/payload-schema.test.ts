import { describe, expect, it } from 'vitest'
import { findComplaint, misfits, SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX, SCHEMA_PARTS_MAX } from './payload-schema.ts'

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const nested = (depth: number): object =>
  depth === 0 ? { type: 'string' } : { type: 'array', items: nested(depth - 1) }

describe('a schema of payloads', () => {
  it('may say what every payload needs to say', () => {
    const schema = object(
      {
        ...{ name: { type: 'string', minLength: 1, maxLength: 80 }, amount: { type: 'number', minimum: 0 } },
        lines: { type: 'array', maxItems: 10, items: object({ sku: { type: 'string' } }, { required: ['sku'] }) },
        way: { anyOf: [{ const: 'mail' }, { enum: ['post', 'hand'] }] },
      },
      { required: ['name'], additionalProperties: false },
    )
    expect(findComplaint(schema)).toBeNull()
  })

  it.each([
    ['an expression', object({ a: { type: 'string', pattern: '(a+)+$' } }), 'properties.a.pattern'],
    ['names by an expression', { type: 'object', patternProperties: { '(a+)+$': true } }, 'patternProperties'],
    ['a format', object({ a: { type: 'string', format: 'email' } }), 'properties.a.format'],
    ['a schema from elsewhere', object({ a: { $ref: 'https://example.com/schema' } }), 'properties.a.$ref'],
    ['a circle', { type: 'object', properties: { a: { $ref: '#' } } }, 'properties.a.$ref'],
    ['another base', { type: 'object', $id: 'https://example.com/x' }, '$id'],
    ['a circle by another name', { type: 'object', $dynamicRef: '#a' }, '$dynamicRef'],
    [
      'everything compared with everything',
      object({ a: { type: 'array', uniqueItems: true } }),
      'properties.a.uniqueItems',
    ],
    ['a keyword that is none', object({ a: { maxlength: 3 } }), 'properties.a.maxlength'],
    ['a keyword of objects of ours', { type: 'object', constructor: true }, 'constructor'],
    ['something that is no schema', object({ a: 5 }), 'properties.a'],
    ['a bound that is none', object({ a: { maxLength: -1 } }), 'properties.a.maxLength'],
    ['a type that is none', object({ a: { type: 'text' } }), 'properties.a.type'],
    ['anything but objects', { type: 'string' }, 'type'],
  ])('does not say %s, and is told where', (_what, schema, path) => {
    expect(findComplaint(schema)?.path).toBe(path)
  })

  it('is so deep, so large and has so many parts at the most', () => {
    const within = object({ a: nested(SCHEMA_DEPTH_MAX - 2) })
    expect([findComplaint(within), findComplaint(object({ a: nested(SCHEMA_DEPTH_MAX - 1) }))?.message]).toEqual([
      null,
      `is nested more than ${SCHEMA_DEPTH_MAX} deep`,
    ])
    const parts = (count: number) =>
      object(Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, { type: 'string' }])))
    expect(findComplaint(parts(SCHEMA_PARTS_MAX - 1))).toBeNull()
    expect(findComplaint(parts(SCHEMA_PARTS_MAX))?.message).toContain('parts')
    const empty = object({}, { title: '' })
    const room = SCHEMA_BYTES_MAX - JSON.stringify(empty).length
    expect(findComplaint({ ...empty, title: 'x'.repeat(room) })).toBeNull()
    expect(findComplaint({ ...empty, title: 'x'.repeat(room + 1) })?.message).toContain('bytes')
  })
})

describe('a payload', () => {
  const schema = object(
    { name: { type: 'string' }, lines: { type: 'array', items: object({ amount: { type: 'integer', minimum: 1 } }) } },
    { required: ['name'], additionalProperties: false },
  )

  it('that fits has no misfits', () => {
    expect(misfits(schema, { name: 'a', lines: [{ amount: 1 }] })).toEqual([])
  })

  it('that does not is told each place', () => {
    const paths = (payload: unknown) => misfits(schema, payload).map(({ path }) => path)
    expect(paths({ name: 'a', lines: [{ amount: 1 }, { amount: 0 }] })).toEqual(['lines.1.amount'])
    expect(paths({ name: 5 })).toEqual(['name'])
    expect(paths({})).toEqual([''])
    expect(misfits(schema, {})[0]?.message).toContain('name')
    expect(paths({ name: 'a', 'a/b~c': 1 })).toEqual(['a/b~c'])
    expect(paths([])).not.toEqual([])
  })

  it('cannot be read as what every object has', () => {
    expect(misfits(object({}, { required: ['constructor'] }), {})).toHaveLength(1)
    expect(misfits(object({ a: { type: 'string' } }), JSON.parse('{"__proto__": 5}'))).toEqual([])
  })
})

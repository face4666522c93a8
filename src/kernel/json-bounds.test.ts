import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findJsonExcess, type JsonBounds } from './json-bounds.ts'

const bounds: JsonBounds = { depth: 4, members: 10, textCharacters: 20, nameCharacters: 8 }
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const object = (keys: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, n])))
const list = (elements: number) => JSON.stringify(Array.from({ length: elements }, () => 0))

describe('a JSON text', () => {
  it.each([
    ['depth', nested(4), nested(5)],
    ['depth', '{"a":[{"b":[1]}]}', '{"a":[{"b":[{}]}]}'],
    ['members', object(10), object(11)],
    ['members', list(10), list(11)],
    ['members', '[[],[],[],[],[]]', '[[],[],[],[],[],[]]'],
    ['textCharacters', JSON.stringify('x'.repeat(20)), JSON.stringify('x'.repeat(21))],
    ['textCharacters', '"\\u0041\\u0041\\u0041.."', '"\\u0041\\u0041\\u0041..."'],
    ['nameCharacters', '{"12345678":1}', '{"123456789":1}'],
    ['nameCharacters', '{"12345678" : 1}', '{"123456789" : 1}'],
  ] as const)('passes at the bound of %s and not past it: %s', (bound, within, past) => {
    expect(findJsonExcess(within, bounds)).toBeUndefined()
    expect(findJsonExcess(past, bounds)).toMatchObject({ bound, max: bounds[bound] })
  })

  it.each([
    ['brackets in a text', '"[[[[[[[[[[{{{{{{"'],
    ['commas in a text', '",,,,,,,,,,,,,,,,,"'],
    ['an escaped quote', '["\\"[[[[[[", 1]'],
    ['a backslash before the closing quote', '["\\\\", [[[1]]]]'],
    ['a long text as a value', '{"a":"longer than a name"}'],
    ['lists beside each other, not in each other', '[[[[]]],[[[]]]]'],
    ['no JSON at all', ']]]}}}"'],
    ['a quote that never closes', '["[[[[[[[['],
    ['nothing', ''],
  ])('is not misread: %s', (_what, text) => {
    expect(findJsonExcess(text, bounds)).toBeUndefined()
  })

  it('says what is too much and where', () => {
    expect(findJsonExcess(nested(5), bounds)).toEqual({
      ...{ bound: 'depth', max: 4, at: 4, complaint: 'is nested more than 4 levels deep, at character 5' },
    })
  })

  it('has exactly what reading it would find, whatever it consists of', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, depthSize: 'small' }), (text) => {
        const found = measure(JSON.parse(text))
        const texts = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner]) => inner?.length ?? 0)
        const exact = { ...found, textCharacters: Math.max(0, ...texts), nameCharacters: 1_000 }
        expect(findJsonExcess(text, exact)).toBeUndefined()
        for (const bound of ['depth', 'members', 'textCharacters'] as const) {
          if (exact[bound] === 0) continue
          expect(findJsonExcess(text, { ...exact, [bound]: exact[bound] - 1 })?.bound).toBe(bound)
        }
      }),
    )
  })
})

function measure(value: unknown): { depth: number; members: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, members: 0 }
  const inner = Object.values(value).map(measure)
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    members: Math.max(1, inner.length) + inner.reduce((sum, { members }) => sum + members, 0),
  }
}

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { coverRange, type Piece } from './cover-range.ts'

const at = (text: string) => Date.parse(text)
const shown = (pieces: readonly Piece[]) =>
  pieces.map(
    ({ grain, from, to }) =>
      `${grain} ${[from, to].map((time) => (Number.isFinite(time) ? new Date(time).toISOString().slice(0, 19) : '∞')).join(' ')}`,
  )

it('uses whole counters in the middle and tickets only at the very ends', () => {
  const range = { from: at('2026-01-30T23:50:00Z'), to: at('2026-03-02T00:20:00Z') }
  expect(shown(coverRange(range, ['day', 'quarter_hour']))).toEqual([
    'tickets 2026-01-30T23:50:00 2026-01-31T00:00:00',
    'day 2026-01-31T00:00:00 2026-03-02T00:00:00',
    'quarter_hour 2026-03-02T00:00:00 2026-03-02T00:15:00',
    'tickets 2026-03-02T00:15:00 2026-03-02T00:20:00',
  ])
  expect(shown(coverRange(range, ['month', 'day']))).toEqual([
    'tickets 2026-01-30T23:50:00 2026-01-31T00:00:00',
    'day 2026-01-31T00:00:00 2026-02-01T00:00:00',
    'month 2026-02-01T00:00:00 2026-03-01T00:00:00',
    'day 2026-03-01T00:00:00 2026-03-02T00:00:00',
    'tickets 2026-03-02T00:00:00 2026-03-02T00:20:00',
  ])
  expect(
    shown(coverRange({ from: at('2024-11-30T00:00:00Z'), to: at('2027-02-01T00:00:00Z') }, ['year', 'month', 'day'])),
  ).toEqual([
    'day 2024-11-30T00:00:00 2024-12-01T00:00:00',
    'month 2024-12-01T00:00:00 2025-01-01T00:00:00',
    'year 2025-01-01T00:00:00 2027-01-01T00:00:00',
    'month 2027-01-01T00:00:00 2027-02-01T00:00:00',
  ])
})

it('leaves a bound that is not there to the coarsest counters', () => {
  const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  expect(shown(coverRange(everything, ['month', 'day']))).toEqual(['month ∞ ∞'])
  const since = { ...everything, from: at('2026-01-31T00:00:00Z') }
  expect(shown(coverRange(since, ['month', 'day']))).toEqual([
    'day 2026-01-31T00:00:00 2026-02-01T00:00:00',
    'month 2026-02-01T00:00:00 ∞',
  ])
})

const instant = fc.integer({ min: at('0001-01-02T00:00:00Z'), max: at('9999-12-30T00:00:00Z') })
const near = fc
  .tuple(instant, fc.integer({ min: 0, max: 100 * 86_400_000 }))
  .map(([from, length]) => [from, from + length])

it('makes up every range exactly, piece after piece, each on the boundaries of its grain', () => {
  const ranges = fc.oneof(near, fc.tuple(instant, instant))
  fc.assert(
    fc.property(ranges, ([from = 0, to = 0]) => {
      for (const grains of [
        ['month', 'day', 'quarter_hour'],
        ['year', 'month', 'day'],
      ] as const) {
        const pieces = coverRange({ from, to }, grains)
        const ends = [from, ...pieces.map((piece) => piece.to)]
        expect(pieces.map((piece) => piece.from)).toEqual(from < to ? ends.slice(0, -1) : [])
        expect(ends.at(-1)).toBe(from < to ? to : from)
        for (const piece of pieces) {
          expect(piece.from).toBeLessThan(piece.to)
          for (const bound of [piece.from, piece.to]) expect(isOn(piece.grain, bound)).toBe(true)
        }
      }
    }),
  )
})

function isOn(grain: Piece['grain'], time: number): boolean {
  const date = new Date(time).toISOString()
  if (grain === 'tickets') return true
  if (grain === 'quarter_hour') return /:(00|15|30|45):00\.000Z$/.test(date)
  const end = { day: 'T00:00:00.000Z', month: '-01T00:00:00.000Z', year: '-01-01T00:00:00.000Z' }
  return date.endsWith(end[grain])
}

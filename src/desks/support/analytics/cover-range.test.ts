import fc from 'fast-check'
import { expect, it } from 'vitest'
import { coverRange, type Grain, type Piece } from './cover-range.ts'

const at = (text: string) => Date.parse(text)
const LATER = at('2100-01-01T00:00:00Z')
const cover = (range: { from: number; to: number }, grains: readonly Grain[], now = LATER) =>
  coverRange(range, grains, now).map(
    ({ grain, sign, from, to }) =>
      `${sign < 0 ? 'without ' : ''}${grain} ${[from, to].map((time) => (Number.isFinite(time) ? new Date(time).toISOString().slice(0, 19) : '∞')).join(' ')}`,
  )

it('uses whole counters in the middle and tickets only at the very ends', () => {
  const range = { from: at('2026-01-30T23:50:00Z'), to: at('2026-03-02T00:20:00Z') }
  expect(cover(range, ['day', 'quarter_hour'])).toEqual([
    'quarter_hour 2026-01-30T23:45:00 2026-01-31T00:00:00',
    'without tickets 2026-01-30T23:45:00 2026-01-30T23:50:00',
    'day 2026-01-31T00:00:00 2026-03-02T00:00:00',
    'quarter_hour 2026-03-02T00:00:00 2026-03-02T00:15:00',
    'tickets 2026-03-02T00:15:00 2026-03-02T00:20:00',
  ])
  expect(cover(range, ['month', 'day'])).toEqual([
    'tickets 2026-01-30T23:50:00 2026-01-31T00:00:00',
    'day 2026-01-31T00:00:00 2026-02-01T00:00:00',
    'month 2026-02-01T00:00:00 2026-03-01T00:00:00',
    'day 2026-03-01T00:00:00 2026-03-02T00:00:00',
    'tickets 2026-03-02T00:00:00 2026-03-02T00:20:00',
  ])
  expect(cover({ from: at('2024-11-30T00:00:00Z'), to: at('2027-02-01T00:00:00Z') }, ['year', 'month', 'day'])).toEqual(
    [
      'day 2024-11-30T00:00:00 2024-12-01T00:00:00',
      'month 2024-12-01T00:00:00 2025-01-01T00:00:00',
      'year 2025-01-01T00:00:00 2027-01-01T00:00:00',
      'month 2027-01-01T00:00:00 2027-02-01T00:00:00',
    ],
  )
})

it('takes the day as a whole where only what is not there yet is missing', () => {
  const now = at('2026-03-02T01:00:00Z')
  expect(cover({ from: at('2026-03-01T00:00:00Z'), to: now }, ['day'], now)).toEqual([
    'day 2026-03-01T00:00:00 2026-03-02T00:00:00',
    'day 2026-03-02T00:00:00 2026-03-03T00:00:00',
    'without tickets 2026-03-02T01:00:00 2026-03-03T00:00:00',
  ])
})

it('leaves a bound that is not there to the coarsest counters', () => {
  const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  expect(cover(everything, ['month', 'day'])).toEqual(['month ∞ ∞'])
  const since = { ...everything, from: at('2026-01-31T00:00:00Z') }
  expect(cover(since, ['month', 'day'])).toEqual([
    'day 2026-01-31T00:00:00 2026-02-01T00:00:00',
    'month 2026-02-01T00:00:00 ∞',
  ])
})

const instant = fc.integer({ min: at('0001-01-02T00:00:00Z'), max: at('9999-12-30T00:00:00Z') })
const near = fc
  .tuple(instant, fc.integer({ min: 0, max: 100 * 86_400_000 }))
  .map(([from, length]) => [from, from + length])

it('makes up every range exactly, with each counter on the boundaries of its grain', () => {
  const ranges = fc.oneof(near, fc.tuple(instant, instant))
  fc.assert(
    fc.property(ranges, instant, ([from = 0, to = 0], now) => {
      for (const grains of [
        ['month', 'day', 'quarter_hour'],
        ['year', 'month', 'day'],
      ] as const) {
        const pieces = coverRange({ from, to }, grains, now)
        const ends = [from, to, ...pieces.flatMap((piece) => [piece.from, piece.to])]
        // Nothing changes between two ends, so that every instant behaves like one of these.
        for (const time of ends.flatMap((end) => [end - 1, end])) {
          const times = pieces.reduce((sum, piece) => sum + (piece.from <= time && time < piece.to ? piece.sign : 0), 0)
          expect(times).toBe(from <= time && time < to ? 1 : 0)
        }
        for (const piece of pieces) {
          expect(piece.from).toBeLessThan(piece.to)
          for (const bound of [piece.from, piece.to]) expect(isOn(piece.grain, bound)).toBe(true)
          const { length } = pieces.filter(({ grain }) => grain === 'tickets')
          expect(length).toBeLessThanOrEqual(2)
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

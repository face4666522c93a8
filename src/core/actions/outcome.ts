import { createHash } from 'node:crypto'
import type { Affected, Change, ClockMove, Json, Money } from './action.ts'

/** A row that a change wrote. */
export type RowChange = {
  table: string
  id: string
  operation: 'insert' | 'update' | 'delete'
  before: Readonly<Record<string, Json>> | null
  after: Readonly<Record<string, Json>> | null
}

/** All that comes of a plan. */
export type Outcome = {
  steps: { action: string; subject: string; summary: string; result: Readonly<Record<string, Json>> }[]
  rows: RowChange[]
  people: readonly Affected[]
  money: readonly Money[]
  clocks: readonly ClockMove[]
  warnings: readonly string[]
  saw: readonly Readonly<Record<string, Json>>[]
}

export type Made = { action: string; change: Change }

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

export function outcomeOf(made: readonly Made[], rows: readonly RowChange[]): Outcome {
  const said = made.map(({ change }) => change)
  return {
    steps: made.map(({ action, change: { subject, summary, result = {} } }) => ({ action, subject, summary, result })),
    rows: [...rows],
    people: said.flatMap(({ people = [] }) => people),
    money: said.flatMap(({ money = [] }) => money),
    clocks: said.flatMap(({ clocks = [] }) => clocks),
    warnings: said.flatMap(({ warnings = [] }) => warnings),
    saw: said.flatMap(({ saw }) => (saw ? [saw] : [])),
  }
}

/**
 * The same with what is another one in each run named, so that two runs on one state are equal: ids of new rows are `new:1`,
 * `new:2`, … in the order of their making, and each of `times` (the ways in which the transaction's time is written) is `now`.
 */
export function settled(outcome: Outcome, times: readonly string[]): Outcome {
  const added = outcome.rows.filter(({ operation }) => operation === 'insert')
  const names = new Map(added.map(({ id }, at) => [id, `new:${at + 1}`]))
  // One statement changes many rows in the order in which it finds them, which is another one when the table was written.
  const found = outcome.rows.filter(({ operation }) => operation !== 'insert')
  const inOrder = found.toSorted((a, b) => a.table.localeCompare(b.table) || a.id.localeCompare(b.id))
  return settle({ ...outcome, rows: [...added, ...inOrder] } as unknown as Json, (text) =>
    times.includes(text) ? 'now' : text.replace(UUID, (id) => names.get(id) ?? id),
  ) as unknown as Outcome
}

function settle(value: Json, name: (text: string) => string): Json {
  if (typeof value === 'string') return name(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((each) => settle(each as Json, name))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settle(each as Json, name)]))
}

/** SHA-256 of a value, whatever the order of its keys. */
export const hashOf = (value: unknown): Buffer => createHash('sha256').update(canonical(value)).digest()

function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`
}

export type Difference = { where: string; previewed: Json; now: Json }
const DIFFERENCES_MAX = 50

/** What is not as it was previewed, place by place; at most 50 places. */
export function differenceOf(previewed: Outcome, now: Outcome): Difference[] {
  const [was, is] = [placesOf(previewed as unknown as Json), placesOf(now as unknown as Json)]
  const places = [...new Set([...was.keys(), ...is.keys()])]
  return places
    .filter((place) => was.get(place) !== is.get(place))
    .slice(0, DIFFERENCES_MAX)
    .map((where) => ({ where, previewed: was.get(where) ?? null, now: is.get(where) ?? null }))
}

type Scalar = string | number | boolean | null

function placesOf(value: Json, place = '', into = new Map<string, Scalar>()): Map<string, Scalar> {
  if (value === null || typeof value !== 'object') into.set(place, value as Scalar)
  else {
    for (const [key, each] of Object.entries(value))
      placesOf(each as Json, place === '' ? key : `${place}.${key}`, into)
  }
  return into
}

/** What of a row changed: for an update the columns that are others now, for the rest all of it. */
export function changedColumns({ operation, before, after }: RowChange): { before: unknown; after: unknown } {
  if (operation !== 'update' || !before || !after) return { before, after }
  const columns = Object.keys(after).filter((column) => canonical(before[column]) !== canonical(after[column]))
  const only = (row: Readonly<Record<string, Json>>) =>
    Object.fromEntries(columns.map((name) => [name, row[name] ?? null]))
  return { before: only(before), after: only(after) }
}

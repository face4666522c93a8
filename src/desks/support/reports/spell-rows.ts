import type { ExportFormat } from '../tickets/index.ts'
import { guard, guardGuards } from '../tickets/index.ts'

type Row = Readonly<Record<string, unknown>>

/** What stands before the first row. */
export const headOf = (format: ExportFormat, columns: readonly string[]): string =>
  format === 'csv' ? `\uFEFF${columns.join(',')}\r\n` : ''

/** A row with the end of its line, as the export of tickets spells them: no spreadsheet takes a cell for a formula. */
export function lineOf(format: ExportFormat, columns: readonly string[], row: Row): string {
  if (format === 'csv') return `${columns.map((column) => cell(row[column])).join(',')}\r\n`
  return `${JSON.stringify(row, (_key, value) => (typeof value === 'string' ? guardGuards(value) : value))}\n`
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `"${guard(text).replaceAll('"', '""')}"`
}

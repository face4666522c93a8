import type { ImportFormat } from './read-records.ts'

const FORMAT_OF: Readonly<Record<string, ImportFormat>> = {
  'application/x-ndjson': 'ndjson',
  'application/json': 'ndjson',
  'text/csv': 'csv',
}

/** Media types that a file may be sent as. */
export const UPLOAD_TYPES = Object.keys(FORMAT_OF)

export function formatOf(contentType: string | undefined): ImportFormat {
  const [type = ''] = (contentType ?? '').toLowerCase().split(';')
  return FORMAT_OF[type.trim()] ?? 'ndjson'
}

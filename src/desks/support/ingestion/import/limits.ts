/** What a file may consist of. Past a bound a record is set aside, or the file refused where it has no records without it. */
export const IMPORT_LIMITS = {
  /** Columns of a CSV file. */
  columns: 500,
  /** Bytes before the first row of a CSV file: blank lines, `sep=` and the header. */
  headerBytes: 262_144,
  /** Members of a JSON record, those of what stands in it included. */
  members: 2_000,
  /** Levels of a JSON record. */
  depth: 32,
  /** Characters of a name in a JSON record. */
  nameCharacters: 1_000,
  /** Bytes of one cell, or characters of one JSON text as it is written. */
  cellBytes: 6 * 1_048_576,
  /** Bytes of one record: a missing quote or line end must not bring the whole file into memory. */
  recordBytes: 8 * 1_048_576,
} as const

/** How much of a record that cannot be used is kept. */
export const RAW_BYTES_MAX = 4_096

/** The file cannot be read any further. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
}

import type { TaskKind } from './task-kind.ts'

/** The kind of a task for which no kind is named. */
export const NOTE = 'note.process'

/** Bytes of UTF-8 of a payload or a result, as JSON. */
export const PAYLOAD_BYTES_MAX = 262_144

/** A kind that callers may hand over. */
export type OfferedKind = TaskKind & { offer: NonNullable<TaskKind['offer']> }

/** The kinds that callers may hand over, the one of notes first. */
export function offeredKinds(kinds: readonly TaskKind[]): OfferedKind[] {
  const offered = kinds.filter((kind): kind is OfferedKind => kind.offer !== undefined)
  return offered.toSorted((a, b) => Number(b.name === NOTE) - Number(a.name === NOTE))
}

export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value ?? null))

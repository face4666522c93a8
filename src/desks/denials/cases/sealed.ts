import type { Sealer } from '../../../platform/sealing/index.ts'
import type { UserContext } from './case.ts'
import type { Findings } from './find-in-case.ts'

/** Seals values of one column, each bound to the row it stands in: moved to another row or tenant, it does not open. */
function sealedIn<Value>(column: string) {
  const context = (row: readonly (string | number)[]) => [column, ...row].join('/')
  return (sealer: Sealer) => ({
    seal: (value: Value, ...row: (string | number)[]): Buffer => sealer.seal(JSON.stringify(value), context(row)),
    open: (sealed: Buffer, ...row: (string | number)[]): Value =>
      JSON.parse(sealer.open(sealed, context(row))) as Value,
  })
}

/** A finding that a named person lets stand, with the reason. */
export type Overruled = { document: string; text: string; reason: string; by: string; at: string }
export type PackContent = { documents: Record<string, string>; overruled: Overruled[]; writtenOn: string }

/** What of a case says something about a person. Rows: tenant and case, and what else names it. */
export const contexts = sealedIn<UserContext>('denial_cases.context')
export const texts = sealedIn<string>('denial_documents.text')
export const files = sealedIn<string>('denial_documents.file')
export const corrections = sealedIn<string>('denial_corrections.value')
export const findings = sealedIn<Findings>('denial_runs.findings')
export const packs = sealedIn<PackContent>('denial_packs.content')

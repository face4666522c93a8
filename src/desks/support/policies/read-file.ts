import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { PolicyProblem } from './document/policy.ts'
import { POLICY_BYTES, type ReadPolicy, readPolicy } from './document/read-policy.ts'

/** What stands in the operator's file, or why that is not to be had. */
export type FileContent = { written: string; content_hash: string } | { failure: string }

/**
 * Reads the file by its name, whatever stands behind it now: edited in place, replaced by `mv`, or a link that leads to another
 * directory, as Kubernetes swaps ConfigMaps. Watching would miss some of these, and all on network disks; 64 kB are read in no time.
 */
export async function readPolicyFile(path: string): Promise<FileContent> {
  try {
    const file = await stat(path)
    // A pipe would wait for somebody who writes.
    if (!file.isFile()) return { failure: 'is no file' }
    if (file.size > POLICY_BYTES.written) return { failure: `is longer than ${POLICY_BYTES.written / 1_024} kB` }
    const bytes = await readFile(path)
    const written = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { written, content_hash: createHash('sha256').update(bytes).digest('hex') }
  } catch (error) {
    return { failure: tell(error) }
  }
}

function tell(error: unknown): string {
  if (error instanceof TypeError) return 'is not UTF-8'
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EACCES') return 'may not be read'
  return `cannot be read: ${String(code ?? error)}`
}

/** An operator's policy is for all tenants, who have calendars of their own: it brings what it needs. */
export const readOperatorPolicy = (written: string): ReadPolicy => readPolicy(written, new Set())

/** For the signal and the log: the first problems in one line. */
export const tellProblems = (problems: readonly PolicyProblem[]): string =>
  problems
    .slice(0, 10)
    .map(({ path, message }) => (path === '' ? message : `${path} ${message}`))
    .join('; ')

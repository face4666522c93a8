import { CommanderError } from 'commander'
import { ProblemError, UnreachableError } from '../problem.ts'
import type { Screen } from './screen.ts'

/** What a process ends with; the README tells users of these. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, notAllowed: 4, interrupted: 130 } as const

/** The caller asked for something that cannot be; `message` says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Says what went wrong, as a sentence or with `--json` as JSON, on standard error, and with which code to end. */
export function endWith(error: unknown, screen: Screen, asJson: boolean): number {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const { code, problem } = describe(error)
  if (asJson) screen.warn(JSON.stringify({ error: problem }))
  else {
    const { detail, request_id } = problem
    screen.warn(`${screen.paint('red', 'error:')} ${detail}`)
    if (request_id !== undefined) screen.warn(`Name the request ${request_id} when you ask for help.`)
  }
  return code
}

type Described = { code: number; problem: { code: string; detail: string; request_id?: string | undefined } }

function describe(error: unknown): Described {
  if (error instanceof ProblemError) {
    const code = [401, 403].includes(error.status) ? EXIT.notAllowed : EXIT.failed
    return { code, problem: error.problem ?? { code: error.code, detail: error.message } }
  }
  if (error instanceof UnreachableError) {
    const detail = `${error.message}. Is it running, and is the address right (--url, SIGNALBOX_URL or the profile)?`
    return { code: EXIT.unreachable, problem: { code: 'unreachable', detail } }
  }
  if (error instanceof UsageError) return { code: EXIT.usage, problem: { code: 'usage', detail: error.message } }
  const detail = error instanceof Error ? error.message : String(error)
  return { code: EXIT.failed, problem: { code: 'failed', detail } }
}

import { randomUUID } from 'node:crypto'
import { sleep } from '../../src/kernel/abort.ts'
import { type Answer, call } from '../harness/call.ts'
import { OPERATOR_TOKEN } from '../harness/system-process.ts'

const TIMEOUT_MS = 5_000
const AGAIN_AFTER_MS = 300
/** Not there yet or no more, somebody was faster, or not now. */
const EXCUSED = [200, 201, 202, 404, 409, 429, 503]

export type InsistentClient = ReturnType<typeof insistentClient>

/**
 * Asks any process, and again with the same `Idempotency-Key` until there is an answer that counts: not silence, 503,
 * 429, or that the request is still under way. Told as a fault is what no outage excuses: a 500, or that the operator is
 * somebody else all of a sudden.
 */
export function insistentClient(urls: () => string[], onFault: (sentence: string) => void) {
  let isOver = false
  let turn = 0
  const askOnce = async <Body>(path: string, method: string, key: string, body: unknown) => {
    const serving = urls()
    turn += 1
    const url = serving[turn % serving.length]
    if (url === undefined) return undefined
    try {
      const headers = method === 'GET' ? {} : { 'idempotency-key': key }
      return await call<Body>(url + path, {
        ...{ method, token: OPERATOR_TOKEN, headers, signal: AbortSignal.timeout(TIMEOUT_MS) },
        ...(body === undefined ? {} : { body }),
      })
    } catch {
      // Killed, frozen, or on its way down: another one, or the same one later.
      return undefined
    }
  }
  return {
    ask: async <Body = Record<string, unknown>>(
      path: string,
      method = 'GET',
      body?: unknown,
    ): Promise<Answer<Body>> => {
      const key = randomUUID()
      while (!isOver) {
        const answer = await askOnce<Body>(path, method, key, body)
        if (answer && !EXCUSED.includes(answer.status))
          onFault(`${method} ${path} answered ${answer.status}: ${answer.text}`)
        if (answer && counts(answer)) return answer
        await sleep(AGAIN_AFTER_MS)
      }
      throw new Error(`${method} ${path} was never answered`)
    },
    /** Lets go of what was never answered. */
    giveUp: () => {
      isOver = true
    },
  }
}

const counts = ({ status, text }: { status: number; text: string }) =>
  status < 500 && status !== 429 && !(status === 409 && text.includes('in_flight'))

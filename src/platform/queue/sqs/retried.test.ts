import { describe, expect, it } from 'vitest'
import { createLogger } from '../../../kernel/logger.ts'
import { isTransient, retried, waitBefore } from './retried.ts'

const failure = (name: string, status?: number) =>
  Object.assign(new Error(name), { name, $metadata: status === undefined ? {} : { httpStatusCode: status } })

/** Fails so often, then answers; tells what was logged. `retrySeconds` is a thousandth of the real one. */
async function attempt(failures: readonly Error[], retries = 3) {
  const lines: { msg: string; delay_ms?: number; attempt?: number; reason?: string }[] = []
  const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(JSON.parse(line)) } })
  let calls = 0
  const result = await retried({ retries, retrySeconds: 0.001, logger }, { what: 'send' }, async () => {
    calls += 1
    const error = failures[calls - 1]
    if (error) throw error
    return 'answer'
  }).catch((error: Error) => error)
  return { result, calls, lines }
}

describe('a call of SQS', () => {
  it('is made again after 1, 2 and 4 seconds', () => {
    expect([1, 2, 3].map((retry) => waitBefore(retry, 1))).toEqual([1, 2, 4])
  })

  it('is made four times in all, and each of the three retries is a line in the log', async () => {
    const down = failure('ServiceUnavailable', 503)
    const { result, calls, lines } = await attempt([down, down, down, down, down])
    expect(result).toBe(down)
    expect(calls).toBe(4)
    expect(lines.map(({ attempt, delay_ms, reason }) => [attempt, delay_ms, reason])).toEqual([
      [1, 1, 'ServiceUnavailable'],
      [2, 2, 'ServiceUnavailable'],
      [3, 4, 'ServiceUnavailable'],
    ])
    expect(lines[0]?.msg).toBe('SQS did not do as asked (send); retry 1 of 3 in 0.001 s')
  })

  it('answers as soon as a retry succeeds, and retries as often as is configured', async () => {
    const down = failure('ECONNRESET')
    expect(await attempt([down, down])).toMatchObject({ result: 'answer', calls: 3 })
    expect(await attempt([down, down], 1)).toMatchObject({ result: down, calls: 2 })
    expect(await attempt([down], 0)).toMatchObject({ result: down, calls: 1 })
  })

  it('is not made again when it would fail the same way', async () => {
    const missing = failure('QueueDoesNotExist', 400)
    expect(await attempt([missing])).toMatchObject({ result: missing, calls: 1, lines: [] })
    expect(isTransient(failure('AccessDenied', 403))).toBe(false)
  })

  it('is made again when there were too many, whatever the status says', () => {
    expect(isTransient(failure('RequestThrottled', 403))).toBe(true)
    expect(isTransient(failure('ThrottlingException', 400))).toBe(true)
    expect(isTransient(failure('Unknown', 429))).toBe(true)
  })
})

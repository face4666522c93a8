import { describe, expect, it } from 'vitest'
import { Fault } from './faults.ts'
import { createLogger } from './logger.ts'

const SECRET = 'swordfish'

function logOf(write: (logger: ReturnType<typeof createLogger>) => void): {
  text: string
  lines: Record<string, unknown>[]
} {
  const lines: string[] = []
  write(createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } }))
  return { text: lines.join(''), lines: lines.map((line) => JSON.parse(line)) }
}

describe('a log line', () => {
  it('carries the fields that are allowed, its level, time and process', () => {
    const { lines } = logOf((logger) => logger.warn({ task_id: 't1', attempt: 2 }, 'said'))
    expect(lines[0]).toMatchObject({ level: 'warn', task_id: 't1', attempt: 2, msg: 'said', pid: process.pid })
    expect(lines[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
  })

  it.each([
    ['a field', { password: SECRET }],
    ['a header', { headers: { authorization: `Bearer ${SECRET}` } }],
    ['a nested object under an unknown name', { request: { body: { token: SECRET } } }],
    ['an unknown name beside a known one', { task_id: 't1', secret: SECRET }],
  ])('drops a secret that comes along as %s, and names what it dropped', (_what, fields) => {
    const { text, lines } = logOf((logger) => logger.info(fields, 'said'))
    expect(text).not.toContain(SECRET)
    expect(lines[0]?.dropped_fields).toEqual(Object.keys(fields).filter((name) => name !== 'task_id'))
  })

  it('of a child drops what does not belong into its bindings too', () => {
    const { text, lines } = logOf((logger) => logger.child({ tenant_id: 'alder', token: SECRET }).info('said'))
    expect(text).not.toContain(SECRET)
    expect(lines[0]).toMatchObject({ tenant_id: 'alder', dropped_fields: ['token'] })
  })

  it('of a child’s child has what all of them were made with', () => {
    const { text, lines } = logOf((logger) =>
      logger.child({ tenant_id: 'alder' }).child({ task_id: 't1', token: SECRET }).info({ attempt: 1 }, 'said'),
    )
    expect(text).not.toContain(SECRET)
    expect(lines[0]).toMatchObject({ tenant_id: 'alder', task_id: 't1', attempt: 1 })
  })

  it('about an error has its kind, message, code, stack and cause, and nothing else that hangs on it', () => {
    const cause = Object.assign(new TypeError('the cause'), { detail: SECRET })
    const error = Object.assign(new Error('the error', { cause }), {
      code: '23505',
      query: SECRET,
      parameters: [SECRET],
    })
    const { text, lines } = logOf((logger) => logger.error({ err: error }, 'failed'))
    expect(text).not.toContain(SECRET)
    expect(lines[0]?.err).toMatchObject({
      ...{ type: 'Error', message: 'the error', code: '23505' },
      cause: { type: 'TypeError', message: 'the cause' },
    })
  })

  it('about an error that is passed alone is as careful', () => {
    const error = Object.assign(new Error('the error'), { query: SECRET })
    const { text, lines } = logOf((logger) => logger.error(error))
    expect(text).not.toContain(SECRET)
    expect(lines[0]?.err).toMatchObject({ message: 'the error' })
  })

  it('about a fault tells the operator’s sentence', () => {
    const fault = new Fault('things.gone', 410, { public: 'Ask again.', internal: 'row 7 was deleted' })
    const { lines } = logOf((logger) => logger.error({ err: fault }, 'failed'))
    expect(lines[0]?.err).toMatchObject({ message: 'things.gone: row 7 was deleted', code: 'things.gone' })
  })

  it('below the level is not written', () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } })
    logger.info('not this')
    logger.warn('this')
    expect(lines).toHaveLength(1)
  })
})

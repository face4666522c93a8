import { describe, expect, it } from 'vitest'
import { taskFault } from './faults.ts'
import { decideOutcome, PermanentFailure } from './outcome.ts'

const retry = { attemptsMax: 3, baseSeconds: 2, capSeconds: 60 }
const boom = new Error('the disk is full of customer names')

describe('decideOutcome', () => {
  it('keeps what the handler returned', () => {
    expect(decideOutcome({ returned: { pages: 3 }, stopped: null }, 1, retry, 0.5)).toEqual({
      kind: 'succeeded',
      result: { pages: 3 },
    })
  })

  it('tries again with back-off while attempts are left, and never shows the internal message', () => {
    expect(decideOutcome({ thrown: boom, stopped: null }, 2, retry, 0.5)).toEqual({
      kind: 'retry',
      errorClass: 'Error',
      afterSeconds: 3,
      error: { code: 'tasks.unexpected', message: 'Something broke on our side; the log has the details.' },
    })
  })

  it('fails when the attempts are used up', () => {
    expect(decideOutcome({ thrown: boom, stopped: null }, 3, retry, 0.5)).toMatchObject({ kind: 'failed' })
  })

  it('does not try again what would end the same way', () => {
    const failure = new PermanentFailure({ code: 'ingestion.provider_refused', message: 'No.' })
    expect(decideOutcome({ thrown: failure, stopped: null }, 1, retry, 0.5)).toEqual({
      kind: 'failed',
      errorClass: 'PermanentFailure',
      error: { code: 'ingestion.provider_refused', message: 'No.' },
    })
  })

  it('shows a fault by its sentence for the caller', () => {
    const fault = taskFault('tasks.not_found', { public: 'There is no such task.', internal: 'row 42 is gone' })
    expect(decideOutcome({ thrown: fault, stopped: null }, 3, retry, 0)).toEqual({
      kind: 'failed',
      errorClass: 'Fault',
      error: { code: 'tasks.not_found', message: 'There is no such task.' },
    })
  })

  it.each([
    ['cancelled', { kind: 'cancelled' }],
    ['lease_lost', { kind: 'lost' }],
    ['shutdown', { kind: 'handed_back' }],
    [
      'time_limit',
      {
        kind: 'failed',
        errorClass: 'TaskStopped',
        error: { code: 'tasks.time_limit', message: 'The task took longer than it may.' },
      },
    ],
  ] as const)('answers a handler that was stopped because of %s with %j', (stopped, outcome) => {
    expect(decideOutcome({ thrown: boom, stopped }, 1, retry, 0.5)).toEqual(outcome)
  })

  it('counts work that was finished although the process was stopping', () => {
    expect(decideOutcome({ returned: 1, stopped: 'shutdown' }, 1, retry, 0.5)).toEqual({ kind: 'succeeded', result: 1 })
  })
})

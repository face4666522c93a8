import { describe, expect, it } from 'vitest'
import { createCallLog } from './call-log.ts'

const arrival = (path: string) => ({ method: 'GET', path, query: '' })

describe('the call log', () => {
  it('remembers a call from its arrival on, and its answer once it has one', () => {
    const log = createCallLog(
      () => 10,
      () => Date.UTC(2026, 0, 1, 12, 30, 15, 123),
    )
    const call = log.arrive({ method: 'POST', path: '/notify', query: 'a=1' })
    expect(log.read().calls).toEqual([
      {
        sequence: 1,
        at: '2026-01-01T12:30:15.123Z',
        method: 'POST',
        path: '/notify',
        query: 'a=1',
        status: null,
        duration_ms: null,
        fault: null,
      },
    ])
    call.end(503)
    call.end(null)
    expect(log.read().calls[0]).toMatchObject({ status: 503, duration_ms: expect.any(Number) })
  })

  it('keeps the latest calls only, under numbers that go on rising', () => {
    const log = createCallLog(() => 3, Date.now)
    for (let call = 1; call <= 20; call++) log.arrive(arrival(`/${call}`))
    expect(log.read().calls.map((call) => [call.sequence, call.path])).toEqual([
      [18, '/18'],
      [19, '/19'],
      [20, '/20'],
    ])
    log.clear()
    log.arrive(arrival('/after'))
    expect(log.read().calls.map((call) => call.sequence)).toEqual([21])
  })

  it('is read in pages, each going on where the last one ended', () => {
    const log = createCallLog(() => 100, Date.now)
    for (let call = 1; call <= 5; call++) log.arrive(arrival(`/${call}`))
    const sequences = (since: number, limit: number) => {
      const { calls, next_since } = log.read(since, limit)
      return { sequences: calls.map((call) => call.sequence), next_since }
    }
    expect(sequences(0, 2)).toEqual({ sequences: [1, 2], next_since: 2 })
    expect(sequences(2, 2)).toEqual({ sequences: [3, 4], next_since: 4 })
    expect(sequences(4, 2)).toEqual({ sequences: [5], next_since: null })
    expect(sequences(5, 2)).toEqual({ sequences: [], next_since: null })
    expect(sequences(99, 2)).toEqual({ sequences: [], next_since: null })
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { type Database, openDatabase, type SystemTx } from '../database/index.ts'
import type { Admission, CallOutcome, CircuitState, Permit } from './circuit.ts'
import { CircuitOpen, circuitBreaker } from './circuit-breaker.ts'

const db = testDatabase({ max: 10 })
let another: Database
beforeAll(() => {
  another = openDatabase({ url: db.url, max: 10, logger: silent })
})
afterAll(() => another?.close())

const FAILED: CallOutcome = { failed: 'HTTP 503' }
let parties = 0

/** A party of its own, called by two processes (each with its pool and its handle) that live by one clock. */
function party(options: { openSeconds?: number; realTime?: boolean } = {}) {
  parties += 1
  const name = `party ${parties}`
  let time = Date.parse('2026-01-01T00:00:00Z')
  const { openSeconds = 30 } = options
  const handle = () => circuitBreaker(options.realTime ? { openSeconds } : { openSeconds, now: () => new Date(time) })
  const opened = (database: Database) => {
    const breaker = handle()
    const run = <T>(work: (tx: SystemTx) => Promise<T>) => database.acrossTenants('the test calls', work)
    return {
      breaker,
      database,
      admit: (): Promise<Admission> => run((tx) => breaker.admit(tx, name, { probeSeconds: 20 })),
      record: (permit: Permit, outcome: CallOutcome) => run((tx) => breaker.record(tx, name, permit, outcome)),
      pause: (seconds: number) => run((tx) => breaker.pause(tx, name, seconds)),
      reset: () => run((tx) => breaker.reset(tx, name)),
      remove: () => run((tx) => breaker.remove(tx, name)),
      status: async () => {
        const [status] = await run((tx) => breaker.read(tx, [name]))
        if (!status) throw new Error('no status')
        return status
      },
    }
  }
  const processes = [opened(db.database), opened(another)] as const
  const row = () =>
    db.database.acrossTenants('the test reads the row', async (tx) => {
      const { rows } = await sql<{ state: CircuitState }>`
        select state from platform.circuits where name = ${name}`.execute(tx)
      return rows[0]
    })
  const pass = (seconds: number) => {
    time += seconds * 1_000
  }
  return { name, processes, opened, row, pass }
}

async function permitOf(admission: Promise<Admission>): Promise<Permit> {
  const given = await admission
  if (given.kind === 'wait') throw new Error(`not let through before ${given.until.toISOString()}`)
  return given
}

/** Five failures in a row, told by both processes in turn. */
async function open({ processes: [one, two] }: ReturnType<typeof party>): Promise<void> {
  for (let call = 0; call < 5; call += 1) await two.record(await permitOf(one.admit()), FAILED)
}

type Step =
  /** Calls one after the other: s succeeds, f fails. Each is let through for one process and told by the other. */
  | { calls: string }
  /** A call that stays under way, or somebody who has to wait. */
  | { asks: string; gets: Admission['kind'] }
  | { ends: string; with: 's' | 'f' | '?' }
  | { pass: number }
  | { pause: number }
  | { reset: true }
  | { is: CircuitState; window?: [failures: number, calls: number]; counted?: [successes: number, failures: number] }

const OUTCOMES: Record<string, CallOutcome> = { s: 'succeeded', f: FAILED, '?': 'unknown' }

const SEQUENCES: readonly { guarantee: string; steps: readonly Step[] }[] = [
  {
    guarantee: 'opens at the fifth failure, though fewer than 10 calls are known',
    steps: [{ calls: 'ffff' }, { is: 'closed', window: [4, 4] }, { calls: 'f' }, { is: 'open', window: [5, 5] }],
  },
  {
    guarantee: 'opens at 5 failures among successes',
    steps: [{ calls: 'sfsfsfsfs' }, { is: 'closed' }, { calls: 'f' }, { is: 'open', window: [5, 10] }],
  },
  {
    guarantee: 'forgets what lies more than 10 calls back',
    steps: [
      { calls: 'ffffssssss' },
      { is: 'closed', window: [4, 10] },
      { calls: 'fsssf' },
      { is: 'closed', window: [2, 10] },
      { calls: 'fssfssfssfssfss' },
      { is: 'closed', counted: [19, 11] },
    ],
  },
  {
    guarantee: 'lets nobody call for 30 s, then one to try, whose success closes it with a clean window',
    steps: [
      { calls: 'fffff' },
      { asks: 'early', gets: 'wait' },
      { pass: 29.999 },
      { asks: 'early', gets: 'wait' },
      { is: 'open' },
      { pass: 0.001 },
      { asks: 'probe', gets: 'probe' },
      { asks: 'second', gets: 'wait' },
      { is: 'half_open' },
      { ends: 'probe', with: 's' },
      { is: 'closed', window: [0, 0], counted: [1, 5] },
      { calls: 'ffff' },
      { is: 'closed', window: [4, 4] },
      { calls: 'f' },
      { is: 'open' },
    ],
  },
  {
    guarantee: 'opens for another 30 s when the probe fails',
    steps: [
      { calls: 'fffff' },
      { pass: 31 },
      { asks: 'probe', gets: 'probe' },
      { pass: 2 },
      { ends: 'probe', with: 'f' },
      { is: 'open', window: [6, 6] },
      { pass: 29 },
      { asks: 'early', gets: 'wait' },
      { pass: 1 },
      { asks: 'next', gets: 'probe' },
    ],
  },
  {
    guarantee: 'replaces a probe that expired, and what that reports later changes nothing',
    steps: [
      { calls: 'fffff' },
      { pass: 30 },
      { asks: 'lost', gets: 'probe' },
      { pass: 19.999 },
      { asks: 'second', gets: 'wait' },
      { pass: 0.001 },
      { asks: 'second', gets: 'probe' },
      { ends: 'lost', with: 's' },
      { is: 'half_open', counted: [1, 5] },
      { asks: 'third', gets: 'wait' },
      { ends: 'second', with: 's' },
      { is: 'closed' },
    ],
  },
  {
    guarantee: 'is not opened again by the late failure of a probe that was replaced',
    steps: [
      { calls: 'fffff' },
      { pass: 30 },
      { asks: 'lost', gets: 'probe' },
      { pass: 20 },
      { asks: 'second', gets: 'probe' },
      { ends: 'lost', with: 'f' },
      { is: 'half_open', counted: [0, 6] },
      { ends: 'second', with: 's' },
      { ends: 'lost', with: 'f' },
      { is: 'closed', window: [0, 0] },
    ],
  },
  {
    guarantee: 'believes a probe that is late while nobody has replaced it',
    steps: [
      { calls: 'fffff' },
      { pass: 30 },
      { asks: 'late', gets: 'probe' },
      { pass: 25 },
      { ends: 'late', with: 's' },
      { is: 'closed' },
    ],
  },
  {
    guarantee: 'is neither closed, opened nor counted against by calls that left before it opened',
    steps: [
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ asks: name, gets: 'calls' as const })),
      { calls: 'fffff' },
      { ends: 'a', with: 's' },
      { ends: 'b', with: 'f' },
      { is: 'open', window: [5, 5] },
      { pass: 30 },
      { asks: 'probe', gets: 'probe' },
      { ends: 'c', with: 's' },
      { ends: 'd', with: 'f' },
      { is: 'half_open', window: [5, 5] },
      { ends: 'probe', with: 's' },
      { ends: 'e', with: 'f' },
      { ends: 'f', with: 's' },
      { is: 'closed', window: [0, 0], counted: [4, 8] },
    ],
  },
  {
    guarantee: 'gives a probe to the next one when its caller gives up',
    steps: [
      { calls: 'fffff' },
      { pass: 30 },
      { asks: 'given up', gets: 'probe' },
      { ends: 'given up', with: '?' },
      { is: 'half_open', counted: [0, 5] },
      { asks: 'next', gets: 'probe' },
    ],
  },
  {
    guarantee: 'lets nobody through while the other side asked for a pause, which is no failure and is never shortened',
    steps: [
      { pause: 60 },
      { pause: 5 },
      { pass: 59 },
      { asks: 'early', gets: 'wait' },
      { is: 'closed', window: [0, 0] },
      { pass: 1 },
      { asks: 'later', gets: 'calls' },
    ],
  },
  {
    guarantee: 'sends no probe into a pause',
    steps: [
      { calls: 'fffff' },
      { pause: 60 },
      { pass: 30 },
      { asks: 'early', gets: 'wait' },
      { pass: 30 },
      { asks: 'probe', gets: 'probe' },
    ],
  },
  {
    guarantee: 'is closed at once by a reset, whatever calls under way report later',
    steps: [
      { asks: 'before', gets: 'calls' },
      { calls: 'fffff' },
      { pause: 60 },
      { reset: true },
      { is: 'closed', window: [0, 0] },
      { asks: 'after', gets: 'calls' },
      { calls: 'ffff' },
      { ends: 'before', with: 'f' },
      { is: 'closed', window: [4, 4] },
      { reset: true },
      { ends: 'after', with: 'f' },
      { is: 'closed', window: [0, 0] },
    ],
  },
]

async function play(steps: readonly Step[]): Promise<void> {
  const { processes, pass } = party()
  const underWay = new Map<string, Permit>()
  for (const [index, step] of steps.entries()) {
    const [here, there] = index % 2 === 0 ? processes : ([processes[1], processes[0]] as const)
    const where = `step ${index + 1}, ${JSON.stringify(step)}`
    if ('calls' in step) {
      for (const outcome of step.calls) await there.record(await permitOf(here.admit()), OUTCOMES[outcome] ?? FAILED)
    } else if ('asks' in step) {
      const admission = await here.admit()
      expect(admission.kind, where).toBe(step.gets)
      if (admission.kind !== 'wait') underWay.set(step.asks, admission)
    } else if ('ends' in step) {
      const permit = underWay.get(step.ends)
      if (!permit) throw new Error(`${where}: it never left`)
      await here.record(permit, OUTCOMES[step.with] ?? FAILED)
    } else if ('pass' in step) pass(step.pass)
    else if ('pause' in step) await here.pause(step.pause)
    else if ('reset' in step) await here.reset()
    else {
      for (const status of [await here.status(), await there.status()]) {
        expect(status.state, where).toBe(step.is)
        const { failure_count, calls_in_window, success_count, failures_total } = status
        if (step.window) expect([failure_count, calls_in_window], where).toEqual(step.window)
        if (step.counted) expect([success_count, failures_total], where).toEqual(step.counted)
      }
    }
  }
}

describe('a circuit shared by two processes', () => {
  it.each(SEQUENCES)('$guarantee', ({ steps }) => play(steps))

  it('lets exactly one of 64 through that ask at once when it is half open', async () => {
    const { processes, pass, ...rest } = party()
    await open({ processes, pass, ...rest })
    pass(30)
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => processes[index % 2 ? 1 : 0].admit()))
    expect(answers.filter(({ kind }) => kind === 'probe')).toHaveLength(1)
    expect(answers.filter(({ kind }) => kind === 'wait')).toHaveLength(63)
  })

  it('opens once when 64 calls that left together all fail, and counts each of them', async () => {
    const { processes } = party()
    const permits = await Promise.all(
      Array.from({ length: 64 }, (_, index) => permitOf(processes[index % 2 ? 1 : 0].admit())),
    )
    const changes = await Promise.all(
      permits.map((permit, index) => processes[index % 2 ? 0 : 1].record(permit, FAILED)),
    )
    expect(changes.filter((change) => change !== null)).toEqual([{ from: 'closed', to: 'open' }])
    const status = await processes[0].status()
    expect(status).toMatchObject({ times_opened: 1, failures_total: 64, failure_count: 5 })
  })

  it('takes a probe back when the transaction that claimed the work for it is rolled back', async () => {
    const shared = party()
    await open(shared)
    shared.pass(30)
    const [one, two] = shared.processes
    const claim = one.database.acrossTenants('the test claims', async (tx) => {
      expect(await one.breaker.admit(tx, shared.name, { probeSeconds: 20 })).toMatchObject({ kind: 'probe' })
      // The same transaction asks again: the probe is out already.
      expect(await one.breaker.admit(tx, shared.name, { probeSeconds: 20 })).toMatchObject({ kind: 'wait' })
      throw new Error('nothing to claim')
    })
    await expect(claim).rejects.toThrow('nothing to claim')
    expect(await two.admit()).toMatchObject({ kind: 'probe' })
  })

  it('stays open when every process that knew of it has ended', async () => {
    const shared = party()
    await open(shared)
    const afterwards = openDatabase({ url: db.url, max: 1, logger: silent })
    try {
      const process = shared.opened(afterwards)
      expect(await process.admit()).toMatchObject({ kind: 'wait' })
      shared.pass(30)
      expect(await process.admit()).toMatchObject({ kind: 'probe' })
    } finally {
      await afterwards.close()
    }
  })

  it('goes by the time of the database when no clock is given', async () => {
    const shared = party({ realTime: true, openSeconds: 1 })
    await open(shared)
    const [one, two] = shared.processes
    const probe = await waitFor('nobody was let through to try', async () => {
      const admission = await two.admit()
      return admission.kind !== 'wait' && admission
    })
    expect(probe.kind).toBe('probe')
    expect(await one.record(probe, 'succeeded')).toEqual({ from: 'half_open', to: 'closed' })
  })

  it('is not moved by calls to a party that was removed and came back under the same name', async () => {
    const { processes, name } = party()
    const [one, two] = processes
    const permits = [await permitOf(one.admit()), await permitOf(one.admit())] as const
    await one.remove()
    expect(await two.record(permits[0], FAILED)).toBeNull()
    expect(await two.status()).toMatchObject({ name, state: 'closed', failures_total: 0, changed_at: null })
    // Generations begin at the time in milliseconds: one has to pass.
    await waitFor('the clock stands still', async () => {
      await one.remove()
      return (await permitOf(two.admit())).generation > permits[1].generation
    })
    await two.record(permits[1], FAILED)
    expect(await one.status()).toMatchObject({ calls_in_window: 0, failures_total: 1 })
  })
})

describe('the status of circuits', () => {
  it('says everything that an operator asks, in the order of the names, and of an unused circuit that it is closed', async () => {
    const shared = party()
    const [one] = shared.processes
    await open(shared)
    const [unused, used] = await one.database.acrossTenants('the test reads', (tx) =>
      one.breaker.read(tx, ['nobody', shared.name]),
    )
    expect(unused).toMatchObject({ name: 'nobody', state: 'closed', failure_count: 0, changed_at: null })
    const openedAt = new Date('2026-01-01T00:00:00Z')
    expect(used).toEqual({
      name: shared.name,
      state: 'open',
      failure_count: 5,
      window_size: 10,
      failures_to_open: 5,
      calls_in_window: 5,
      success_count: 0,
      failures_total: 5,
      times_opened: 1,
      opened_at: openedAt,
      next_probe_at: new Date('2026-01-01T00:00:30Z'),
      paused_until: null,
      last_failure: 'HTTP 503',
      last_failure_at: openedAt,
      changed_at: openedAt,
    })
  })

  it('is half open when the 30 s are over though nobody has asked, and reading writes nothing', async () => {
    const shared = party()
    await open(shared)
    shared.pass(30)
    expect(await shared.processes[1].status()).toMatchObject({ state: 'half_open', next_probe_at: null })
    expect(await shared.row()).toEqual({ state: 'open' })
  })

  it('is out of reach of the role that serves tenants', async () => {
    const { processes, name } = party()
    const [one] = processes
    await one.admit()
    for (const touch of [
      (tx: SystemTx): Promise<unknown> => one.breaker.read(tx, [name]),
      (tx: SystemTx): Promise<unknown> => one.breaker.reset(tx, name),
    ]) {
      const touched = one.database.withTenant('tenant_a' as TenantId, (tx) => touch(tx as unknown as SystemTx))
      await expect(touched).rejects.toThrow('permission denied')
    }
  })
})

describe('a call through a circuit', () => {
  const fail = () => Promise.reject(new Error('HTTP 500'))

  it('passes the answer on, and does not call while the circuit is open', async () => {
    const { processes, name } = party()
    const [{ breaker, database, status }] = processes
    const limits = { timeoutSeconds: 50 }
    expect(await breaker.call(database, name, limits, async () => 'sent')).toBe('sent')
    for (let call = 0; call < 5; call += 1) {
      await expect(breaker.call(database, name, limits, fail)).rejects.toThrow('HTTP 500')
    }
    let isCalled = false
    const refused = breaker.call(database, name, limits, async () => {
      isCalled = true
    })
    await expect(refused).rejects.toThrow(CircuitOpen)
    await expect(refused).rejects.toMatchObject({ circuit: name, until: new Date('2026-01-01T00:00:30Z') })
    expect(isCalled).toBe(false)
    expect(await status()).toMatchObject({ success_count: 1, failures_total: 5, last_failure: 'HTTP 500' })
  })

  it('counts an answer slower than its time-out as a failure, and ends the wait for it', async () => {
    const { processes, name } = party()
    const [{ breaker, database, status }] = processes
    let seen: AbortSignal | undefined
    const call = breaker.call(database, name, { timeoutSeconds: 0.05 }, (signal) => {
      seen = signal
      // It does not listen.
      return new Promise<never>(() => {})
    })
    await expect(call).rejects.toThrow('no answer within 0.05 s')
    expect(seen?.aborted).toBe(true)
    expect(await status()).toMatchObject({ failure_count: 1, last_failure: 'no answer within 0.05 s' })
  })

  it('does not blame the other side when the caller gives up, and gives the probe back', async () => {
    const shared = party()
    await open(shared)
    shared.pass(30)
    const [{ breaker, database }, two] = shared.processes
    const stop = new AbortController()
    const call = breaker.call(database, shared.name, { timeoutSeconds: 50, signal: stop.signal }, () => {
      stop.abort(new Error('the process stops'))
      return new Promise<never>(() => {})
    })
    await expect(call).rejects.toThrow('the process stops')
    expect(await two.status()).toMatchObject({ state: 'half_open', failures_total: 5 })
    expect(await two.admit()).toMatchObject({ kind: 'probe' })
  })
})

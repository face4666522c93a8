import type { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silent } from '../../../../test/harness/database.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { type ChangeEvent, openChangeHub, type ReadChanges } from './change-hub.ts'

const ALDER = tenantId('alder')
const BIRCH = tenantId('birch')

/** A hub on tables of changes in memory, with a record of what it asked them. */
function hubUnderTest() {
  const tables = new Map<string, number[]>([
    [ALDER, []],
    [BIRCH, []],
  ])
  const reads: { tenant: string; after: number }[] = []
  const gate = { isDown: false, hold: Promise.resolve(), atOnce: 0, atOnceMost: 0 }
  const read: ReadChanges<string> = async (tenant, after, limit) => {
    reads.push({ tenant, after })
    gate.atOnce += 1
    gate.atOnceMost = Math.max(gate.atOnceMost, gate.atOnce)
    // What it sees is decided when it begins, as with a statement.
    const found = (tables.get(tenant) ?? []).filter((change) => change > after).slice(0, limit)
    await gate.hold
    gate.atOnce -= 1
    if (gate.isDown) throw new Error('no database')
    const eventOf = (change: number): ChangeEvent => ({
      ...{ change, id: String(change), event: 'signal', data: `{"n":${change}}` },
    })
    return { events: found.map(eventOf), isAll: found.length < limit }
  }
  const hub = openChangeHub({ read, logger: silent })
  onTestFinished(() => hub.close())
  const listen = (tenant = ALDER, position = 0) => {
    const stream = hub.subscribe(tenant, position)
    const seen: number[] = []
    stream.on('data', ({ change }: ChangeEvent) => seen.push(change))
    return { stream, seen }
  }
  const change = (tenant: typeof ALDER, ...changes: number[]) => tables.get(tenant)?.push(...changes)
  return { hub, reads, gate, listen, change }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
/** Until nothing is left to do that was begun: reads from memory take no time. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

describe('two hundred listeners of a tenant', () => {
  it('cost one query for a change, not one each', async () => {
    const { hub, reads, listen, change } = hubUnderTest()
    const listeners = Array.from({ length: 200 }, () => listen())
    await settled()
    reads.length = 0
    change(ALDER, 1, 2, 3)
    hub.wake(ALDER)
    await waitFor('some never heard', () => listeners.every(({ seen }) => seen.length === 3))
    expect(listeners.every(({ seen }) => seen.join() === '1,2,3')).toBe(true)
    expect(reads).toEqual([{ tenant: ALDER, after: 0 }])
  })

  it('that come back from different places share queries where a page holds both', async () => {
    const { reads, listen, change } = hubUnderTest()
    change(ALDER, ...range(1, 90))
    const listeners = range(0, 89).map((position) => ({ position, ...listen(ALDER, position) }))
    await waitFor('some never heard', () => listeners.every(({ seen }) => seen.at(-1) === 90))
    for (const { position, seen } of listeners) expect(seen).toEqual(range(position + 1, 90))
    expect(reads.length).toBeLessThanOrEqual(2)
  })

  it('of another tenant cost nothing', async () => {
    const { hub, reads, listen, change } = hubUnderTest()
    const other = listen(BIRCH)
    await settled()
    reads.length = 0
    change(ALDER, 1)
    hub.wake(ALDER)
    await settled()
    expect([reads, other.seen]).toEqual([[], []])
  })
})

describe('a listener', () => {
  it('gets what there is after its place page by page, and then what comes, each once and in order', async () => {
    const { hub, listen, change } = hubUnderTest()
    change(ALDER, ...range(1, 350))
    const { seen } = listen(ALDER, 7)
    await waitFor('it never caught up', () => seen.at(-1) === 350)
    change(ALDER, 351)
    hub.wake(ALDER)
    await waitFor('it never heard the last', () => seen.at(-1) === 351)
    expect(seen).toEqual(range(8, 351))
  })

  it('hears of a change that was committed while the hub was reading', async () => {
    const { hub, gate, reads, listen, change } = hubUnderTest()
    const { seen } = listen()
    await settled()
    const { promise, resolve } = Promise.withResolvers<void>()
    gate.hold = promise
    change(ALDER, 1)
    reads.length = 0
    hub.wake(ALDER)
    await waitFor('it never read', () => reads.length > 0)
    change(ALDER, 2)
    hub.wake(ALDER)
    resolve()
    await waitFor('the second was never told', () => seen.at(-1) === 2)
    expect(seen).toEqual([1, 2])
  })

  it('hears after a while of what was read when the database was away', async () => {
    const { hub, gate, listen, change } = hubUnderTest()
    const { seen } = listen()
    await settled()
    gate.isDown = true
    change(ALDER, 1)
    hub.wake(ALDER)
    await settled()
    gate.isDown = false
    await waitFor('it was never told', () => seen.length === 1)
  })

  it('hears at the next look of what no notification told', async () => {
    const { hub, listen, change } = hubUnderTest()
    const { seen } = listen()
    await settled()
    change(ALDER, 1)
    hub.wakeAll()
    await waitFor('it was never told', () => seen.length === 1)
  })

  it('that takes nothing is read no further, and holds up nobody', async () => {
    const { hub, reads, listen, change } = hubUnderTest()
    const slow: Readable = hub.subscribe(ALDER, 0)
    slow.read(0)
    const quick = listen()
    change(ALDER, ...range(1, 1_000))
    hub.wake(ALDER)
    await waitFor('the quick one waited', () => quick.seen.length === 1_000)
    expect(slow.readableLength).toBeLessThanOrEqual(120)
    const before = reads.length
    hub.wake(ALDER)
    await settled()
    // One look for the quick one.
    expect(reads.length - before).toBeLessThanOrEqual(1)
    const seen: number[] = []
    slow.on('data', ({ change: number }: ChangeEvent) => seen.push(number))
    await waitFor('it never went on', () => seen.length === 1_000)
    expect(seen).toEqual(range(1, 1_000))
  })

  it('that has gone leaves nothing behind', async () => {
    const { hub, reads, listen, change } = hubUnderTest()
    const { stream } = listen()
    await settled()
    expect(hub.openStreams()).toBe(1)
    stream.destroy()
    await waitFor('it is still counted', () => hub.openStreams() === 0)
    reads.length = 0
    change(ALDER, 1)
    hub.wake(ALDER)
    await settled()
    expect(reads).toEqual([])
  })
})

describe('a hub', () => {
  it('reads for two tenants at a time, so that requests keep their connections', async () => {
    const { hub, gate } = hubUnderTest()
    for (const name of ['a', 'b', 'c', 'd', 'e']) hub.subscribe(tenantId(name), 0).on('data', () => {})
    await settled()
    hub.wakeAll()
    await settled()
    expect(gate.atOnceMost).toBe(2)
  })

  it('ends its streams when it closes', async () => {
    const { hub, listen } = hubUnderTest()
    const { stream } = listen()
    await hub.close()
    expect([stream.destroyed, hub.openStreams()]).toEqual([true, 0])
  })
})

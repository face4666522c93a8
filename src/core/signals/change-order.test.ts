import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/harness/database.ts'
import { administer } from '../../../test/harness/server.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { type TenantId, tenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import { raiseSignal, resolveSignal } from './index.ts'
import { lastChange, listChangedAfter } from './store.ts'

const changesAfter = async (...asked: Parameters<typeof listChangedAfter>) => (await listChangedAfter(...asked)).changed

const ALDER = tenantId('alder')
const BIRCH = tenantId('birch')

const db = testDatabase({ max: 24 })
beforeAll(async () => {
  await administer(db.url, (client) =>
    client.query(`insert into tenants (tenant_id, name) values ('alder', 'Alder'), ('birch', 'Birch')`),
  )
})

let count = 0
const signal = () => {
  count += 1
  const name = `s${count}`
  return { kind: 'test.signal', subject: `thing:${name}`, severity: 'info', title: name, dedupeKey: name } as const
}
const raise = (tenant: TenantId, beforeCommit: () => Promise<void> = async () => {}) =>
  db.database.withTenant(tenant, async (tx) => {
    await raiseSignal(tx, signal())
    await beforeCommit()
  })
/** A writer that acts for no single tenant, as workers across tenants do. */
const raiseAsSystem = (tenant: TenantId, beforeCommit: () => Promise<void> = async () => {}) =>
  db.database.acrossTenants('a test', async (tx: SystemTx) => {
    const { kind, subject, severity, title, dedupeKey } = signal()
    await sql`insert into signals (tenant_id, kind, subject, severity, title, dedupe_key)
      values (${tenant}, ${kind}, ${subject}, ${severity}, ${title}, ${dedupeKey})`.execute(tx)
    await beforeCommit()
  })
const inTenant = <T>(tenant: TenantId, work: (tx: Tx) => Promise<T>) => db.database.withTenant(tenant, work)

/** Whether somebody waits for a lock that a transaction holds. */
const somebodyWaits = () =>
  administer(db.url, async (client) => {
    const { rows } = await client.query(
      `select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
    )
    return rows.length > 0
  })

const WRITERS = [
  ['the tenant’s writers', raise, raise],
  ['a writer across tenants, slow', raiseAsSystem, raise],
  ['a writer across tenants, quick', raise, raiseAsSystem],
] as const

describe('the numbers of a tenant’s changes', () => {
  it.each(WRITERS)(
    'commit in their order: a quick transaction waits for a slow one (%s)',
    async (_who, slowly, quickly) => {
      const before = await inTenant(ALDER, lastChange)
      const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
      const { promise: hasWritten, resolve: written } = Promise.withResolvers<void>()
      const slow = slowly(ALDER, async () => {
        written()
        await mayCommit
      })
      await hasWritten
      let quickIsDone = false
      const quick = quickly(ALDER).then(() => {
        quickIsDone = true
      })
      await waitFor(
        'the quick one neither waited nor came to its end',
        async () => quickIsDone || (await somebodyWaits()),
      )
      const seen = await inTenant(ALDER, (tx) => changesAfter(tx, before, 10))
      const position = seen.at(-1)?.change ?? before
      commit()
      await Promise.all([slow, quick])
      // Who read meanwhile, and goes on from there, has missed nothing.
      const rest = await inTenant(ALDER, (tx) => changesAfter(tx, position, 10))
      expect([...seen, ...rest]).toHaveLength(2)
      const changes = [...seen, ...rest].map(({ change }) => change)
      expect(changes).toEqual(changes.toSorted((a, b) => a - b))
    },
  )

  it('leave other tenants alone', async () => {
    const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
    const slow = raise(ALDER, () => mayCommit)
    await raise(BIRCH)
    commit()
    await slow
  })

  it('lose nothing for a reader that goes on from the last it saw, while many write, change and resolve', async () => {
    const start = await inTenant(BIRCH, lastChange)
    let position = start
    const seen = new Map<string, number>()
    let isWriting = true
    const reading = (async () => {
      for (let last = false; !last; ) {
        last = !isWriting
        const page = await inTenant(BIRCH, (tx) => changesAfter(tx, position, 5))
        for (const { signal_id, change } of page) {
          expect(change).toBeGreaterThan(position)
          position = change
          seen.set(signal_id, change)
        }
        if (page.length > 0) last = false
      }
    })()
    const writers = Array.from({ length: 12 }, async (_, writer) => {
      for (let n = 0; n < 15; n += 1) {
        const made = signal()
        await inTenant(BIRCH, (tx) => raiseSignal(tx, made))
        if (writer % 3 === 0) await raiseAsSystem(BIRCH)
        if (writer % 2 === 0) await inTenant(BIRCH, (tx) => resolveSignal(tx, made.dedupeKey))
      }
    })
    await Promise.all(writers)
    isWriting = false
    await reading
    const written = await inTenant(BIRCH, (tx) => changesAfter(tx, start, 1_000))
    expect(written.length).toBe(12 * 15 + 4 * 15)
    expect(written.filter(({ signal_id, change }) => seen.get(signal_id) !== change)).toEqual([])
  })

  it('cannot be chosen or forgotten by a writer', async () => {
    const made = signal()
    await inTenant(ALDER, (tx) => raiseSignal(tx, made))
    const before = await inTenant(ALDER, lastChange)
    await inTenant(ALDER, (tx) =>
      sql`update signals set title = 'Other', change = 1 where dedupe_key = ${made.dedupeKey}`.execute(tx),
    )
    const [changed] = await inTenant(ALDER, (tx) => changesAfter(tx, before, 10))
    expect(changed?.title).toBe('Other')
  })
})

describe('raising from code', () => {
  it('is done once for a cause, until its signal is resolved', async () => {
    const made = signal()
    const raiseIt = () => inTenant(ALDER, (tx) => raiseSignal(tx, made))
    const ids = await Promise.all(Array.from({ length: 8 }, raiseIt))
    const [first, ...others] = ids.filter((id) => id !== null)
    expect(others).toEqual([])
    expect(await inTenant(ALDER, (tx) => resolveSignal(tx, made.dedupeKey))).toBe(first)
    expect(await inTenant(ALDER, (tx) => resolveSignal(tx, made.dedupeKey))).toBeNull()
    expect(await raiseIt()).not.toBe(first)
  })

  it('belongs to the transaction', async () => {
    const made = signal()
    const before = await inTenant(ALDER, lastChange)
    const failed = inTenant(ALDER, async (tx) => {
      await raiseSignal(tx, made)
      throw new Error('rolled back')
    })
    await expect(failed).rejects.toThrow('rolled back')
    expect(await inTenant(ALDER, lastChange)).toBe(before)
  })
})

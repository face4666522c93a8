import { sql } from 'kysely'
import { Client } from 'pg'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import {
  conclude,
  type Database,
  insist,
  lastly,
  openDatabase,
  prepared,
  settings,
  type Tx,
  together,
  wasInsistedOn,
} from './index.ts'

const db = testDatabase({ max: 2 })
const alder = tenantId('alder')
const birch = tenantId('birch')
const opened: Database[] = []

beforeAll(async () => {
  await db.database.acrossTenants('tenants of this test', async (tx) => {
    for (const id of [alder, birch]) await tx.insertInto('tenants').values({ tenant_id: id, name: id }).execute()
  })
})
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close()
})

/** A database with one connection, so that what one transaction leaves behind meets the next one. */
function oneConnection(): Database {
  const database = openDatabase({ url: db.url, max: 1, logger: silent })
  opened.push(database)
  return database
}

const nameOf = async (tx: Tx) => (await tx.selectFrom('tenants').select('name').execute()).map(({ name }) => name)
const rename = (tx: Tx, name: string) => tx.updateTable('tenants').set({ name }).execute()
const session = async (tx: Tx) => {
  const { rows } = await sql<{ pid: number; tenant: string | null; role: string }>`
    select pg_backend_pid() as pid, current_setting('signalbox.tenant_id', true) as tenant, current_user as role`.execute(
    tx,
  )
  const row = rows[0]
  if (!row) throw new Error('a select without from gives one row')
  return row
}

describe('withTenant', () => {
  it('commits what was written when the work is done, and returns its result', async () => {
    const answer = await db.database.withTenant(alder, async (tx) => {
      await rename(tx, 'Alder')
      return 'done'
    })
    expect(answer).toBe('done')
    expect(await db.database.withTenant(alder, nameOf)).toEqual(['Alder'])
  })

  it('rolls back what was written when the work throws, and throws the same', async () => {
    const before = await db.database.withTenant(alder, nameOf)
    const reason = new Error('changed my mind')
    const attempt = db.database.withTenant(alder, async (tx) => {
      await rename(tx, 'half done')
      throw reason
    })
    await expect(attempt).rejects.toBe(reason)
    expect(await db.database.withTenant(alder, nameOf)).toEqual(before)
  })

  it('rejects when the work swallowed the error of a statement: nothing of it was stored', async () => {
    const before = await db.database.withTenant(birch, nameOf)
    const attempt = db.database.withTenant(birch, async (tx) => {
      await rename(tx, 'lost without a word')
      await sql`select 1 / 0`.execute(tx).catch(() => {})
      return 'as if nothing had happened'
    })
    await expect(attempt).rejects.toThrow(/rolled back/)
    expect(await db.database.withTenant(birch, nameOf)).toEqual(before)
  })

  it('leaves neither tenant nor role to the next user of the connection', async () => {
    const database = oneConnection()
    const first = await database.withTenant(alder, session)
    const second = await database.acrossTenants('looks at the session', (tx) => session(tx as unknown as Tx))
    const third = await database.withTenant(birch, session)
    expect(first).toMatchObject({ tenant: 'alder', role: 'signalbox_serving' })
    expect(second).toEqual({ pid: first.pid, tenant: '', role: 'signalbox_system' })
    expect(third).toEqual({ pid: first.pid, tenant: 'birch', role: 'signalbox_serving' })
  })

  it('leaves nothing to the next user after work that failed in its own transaction either', async () => {
    const database = oneConnection()
    await database.withTenant(alder, (tx) => sql`select 1 / 0`.execute(tx)).catch(() => {})
    expect(await database.withTenant(birch, session)).toMatchObject({ tenant: 'birch', role: 'signalbox_serving' })
  })

  it('takes the tenant as a value, whatever characters it has', async () => {
    const odd = `x'; set role signalbox_owner; --` as typeof alder
    expect(await db.database.withTenant(odd, session)).toMatchObject({ tenant: odd, role: 'signalbox_serving' })
  })

  it('used inside another one is a transaction of its own, with its own tenant', async () => {
    const seen = await db.database.withTenant(alder, async (outer) => {
      await rename(outer, 'not committed yet')
      const inner = await db.database.withTenant(birch, async (tx) => ({
        ...(await session(tx)),
        own: await nameOf(tx),
      }))
      return { outer: await session(outer), inner, tenants: (await nameOf(outer)).length }
    })
    expect(seen.inner.pid).not.toBe(seen.outer.pid)
    expect(seen.inner).toMatchObject({ tenant: 'birch', own: ['birch'] })
    expect(seen.outer).toMatchObject({ tenant: 'alder' })
    expect(seen.tenants).toBe(1)
  })
})

describe('a transaction that is over', () => {
  it('does no more, not even when its connection works for another tenant by now', async () => {
    const database = oneConnection()
    const leaked = await database.withTenant(alder, async (tx) => ({ tx }))
    const seen = await database.withTenant(birch, async () => nameOf(leaked.tx).catch((error: Error) => error))
    expect(seen).toBeInstanceOf(Error)
    await expect(sql`select 1`.execute(leaked.tx)).rejects.toThrow(/was over/)
  })
})

describe('what only reads', () => {
  it('sees its tenant, cannot write, and gives its connection back whole', async () => {
    const database = oneConnection()
    const renamed = (tx: Tx) => sql`update tenants set name = 'never stored'`.execute(tx)
    const before = await database.readTenant(alder, nameOf)
    await expect(database.readTenant(alder, renamed)).rejects.toMatchObject({ code: '25006' })
    await expect(database.readTenant(alder, async () => Promise.reject(new Error('no answer')))).rejects.toThrow(
      'no answer',
    )
    expect(await database.readTenant(alder, nameOf)).toEqual(before)
    await database.withTenant(alder, (tx) => sql`update tenants set name = name`.execute(tx))
    const across = (statement: string) =>
      database.readAcrossTenants('the test looks', (tx) => sql.raw<{ role: string }>(statement).execute(tx))
    expect((await across('select current_user as role')).rows).toEqual([{ role: 'signalbox_system' }])
    await expect(across(`update tenants set name = 'never stored'`)).rejects.toMatchObject({ code: '25006' })
  })
})

describe('statements that travel together', () => {
  it('run in order, each in the transaction and with the tenant, and give their rows', async () => {
    const [, names, [who]] = await db.database.withTenant(alder, (tx) =>
      together(tx, [
        sql`update tenants set name = 'first'`,
        sql<{ name: string }>`update tenants set name = name || ' and second' returning name`,
        sql<{ tenant: string }>`select current_setting('signalbox.tenant_id') as tenant`,
      ]),
    )
    expect(names).toEqual([{ name: 'first and second' }])
    expect(who).toEqual({ tenant: 'alder' })
    expect(await db.database.withTenant(alder, nameOf)).toEqual(['first and second'])
  })

  it('fail with the first that fails, store nothing, and leave the connection usable', async () => {
    const database = oneConnection()
    const before = await database.withTenant(alder, nameOf)
    const attempt = database.withTenant(alder, (tx) =>
      together(tx, [sql`update tenants set name = 'lost'`, sql`select 1 / 0`, sql`select 1`]),
    )
    await expect(attempt).rejects.toThrow('division by zero')
    expect(await database.withTenant(alder, nameOf)).toEqual(before)
  })

  it('with the commit are part of the transaction: when one fails, all is rolled back and it is thrown', async () => {
    const database = oneConnection()
    await database.withTenant(alder, async (tx) => lastly(tx, sql`update tenants set name = 'left to the end'`))
    expect(await database.withTenant(alder, nameOf)).toEqual(['left to the end'])
    const attempt = database.withTenant(alder, async (tx) => {
      await rename(tx, 'lost')
      lastly(tx, sql`select 1 / 0`)
    })
    await expect(attempt).rejects.toThrow('division by zero')
    expect(await database.withTenant(alder, nameOf)).toEqual(['left to the end'])
  })

  it('conclude the transaction: they are committed when they answer, and nothing follows them', async () => {
    const database = oneConnection()
    const rename = (name: string) => sql<{ name: string }>`update tenants set name = ${name} returning name`
    const late = database.withTenant(alder, async (tx) => {
      expect(await conclude(tx, [sql`select 1`, rename('concluded')])).toEqual([
        [{ '?column?': 1 }],
        [{ name: 'concluded' }],
      ])
      expect(await db.database.withTenant(alder, nameOf)).toEqual(['concluded'])
      await rename('too late').execute(tx)
    })
    await expect(late).rejects.toThrow(/was over/)
    const failing = database.withTenant(alder, (tx) => conclude(tx, [rename('lost'), sql`select 1 / 0`]))
    await expect(failing).rejects.toThrow('division by zero')
    const swallowing = database.withTenant(alder, async (tx) => {
      await conclude(tx, [rename('lost'), sql`select 1 / 0`]).catch(() => {})
      return 'as if nothing had happened'
    })
    await expect(swallowing).rejects.toThrow(/was over/)
    const deciding = database.withTenant(alder, async (tx) => {
      await conclude(tx, [sql`select 1`])
      throw new Error('not found')
    })
    await expect(deciding).rejects.toThrow('not found')
    expect(await database.withTenant(alder, nameOf)).toEqual(['concluded'])
  })

  it('may be preceded by settings, which are those of the transaction alone', async () => {
    const database = oneConnection()
    const timeouts = sql<{ lock: string; statement: string }>`
      select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement`
    const limits = settings({ lock_timeout: '7s', statement_timeout: '8s' })
    const [[usual]] = await database.withTenant(alder, (tx) => together(tx, [timeouts]))
    const [, [first]] = await database.withTenant(alder, (tx) => together(tx, [limits, timeouts]))
    expect(first).toEqual({ lock: '7s', statement: '8s' })
    const [[before], , [after]] = await database.withTenant(alder, (tx) => together(tx, [timeouts, limits, timeouts]))
    expect([before, after]).toEqual([usual, first])
    expect(await database.withTenant(alder, (tx) => together(tx, [timeouts]))).toEqual([[usual]])
    const nonsense = database.withTenant(alder, (tx) => together(tx, [settings({ lock_timeout: 'long' }), timeouts]))
    await expect(nonsense).rejects.toThrow('lock_timeout')
    expect(await database.withTenant(alder, session)).toMatchObject({ tenant: 'alder' })
  })

  it('across tenants need one trip and act as the system', async () => {
    const answers = await db.database.acrossTenantsAtOnce('the test looks', [
      sql<{ role: string }>`select current_user as role`,
      sql<{ count: number }>`select count(*) as count from tenants`,
    ])
    expect(answers).toEqual([[{ role: 'signalbox_system' }], [{ count: 2 }]])
  })

  it('end where one insists on what does not hold: nothing is stored, and that failure is the one to hear of', async () => {
    const { database } = db
    const before = await database.withTenant(alder, nameOf)
    const attempt = (holds: boolean) =>
      database.withTenantAtOnce(alder, [
        insist(sql`${holds}::boolean`, 'it does not hold'),
        sql`update tenants set name = 'never stored'`,
        sql`select 1 / ${holds ? 1 : 0}::int`,
      ])
    const failure = await attempt(false).catch((error: Error) => error)
    expect(failure).toMatchObject({ message: 'it does not hold' })
    expect(wasInsistedOn(failure)).toBe(true)
    expect(await database.withTenant(alder, nameOf)).toEqual(before)
    await attempt(true)
    expect(await database.withTenant(alder, nameOf)).toEqual(['never stored'])
  })

  it('may be prepared: planned once for a connection, kept apart by tenant all the same', async () => {
    const database = oneConnection()
    const named = sql<{ tenant_id: string }>`${prepared('test_tenants')} select tenant_id from tenants`
    for (const id of [alder, birch, alder, birch, alder, birch, alder]) {
      const { rows } = await database.withTenant(id, (tx) => named.execute(tx))
      expect(rows).toEqual([{ tenant_id: id }])
    }
    const [[known]] = await database.acrossTenantsAtOnce('looks at the session', [
      sql<{ count: number }>`select count(*) as count from pg_prepared_statements where name = 'test_tenants'`,
    ])
    expect(known).toEqual({ count: 1 })
  })
})

describe('a connection that is cut', () => {
  const cut = async (pid: number) => {
    const superuser = new Client({ connectionString: db.url })
    await superuser.connect()
    await superuser.query('select pg_terminate_backend($1)', [pid])
    await waitFor('the connection never went away', async () => {
      const { rowCount } = await superuser.query('select from pg_stat_activity where pid = $1', [pid])
      return rowCount === 0
    })
    await superuser.end()
  }

  it('in the middle of a transaction makes it reject, stores nothing, and the next one works', async () => {
    const database = oneConnection()
    const before = await database.withTenant(alder, nameOf)
    let first = 0
    const attempt = database.withTenant(alder, async (tx) => {
      first = (await session(tx)).pid
      await rename(tx, 'never stored')
      await cut(first)
      return nameOf(tx)
    })
    await expect(attempt).rejects.toThrow()
    const after = await database.withTenant(alder, async (tx) => ({ ...(await session(tx)), names: await nameOf(tx) }))
    expect(after.names).toEqual(before)
    expect(after.pid).not.toBe(first)
    expect(database.poolUse()).toEqual({ total: 1, idle: 1, max: 1, waiting: 0 })
  })

  it('just before the commit makes it reject: a commit that was not confirmed is no success', async () => {
    const database = oneConnection()
    const attempt = database.withTenant(alder, async (tx) => {
      await rename(tx, 'never confirmed')
      await cut((await session(tx)).pid)
    })
    await expect(attempt).rejects.toThrow()
    expect(await database.withTenant(alder, nameOf)).not.toContain('never confirmed')
  })

  it('while idle is replaced without anybody noticing', async () => {
    const database = oneConnection()
    const { pid } = await database.withTenant(alder, session)
    await cut(pid)
    await waitFor('the pool never dropped the connection', () => database.poolUse().total === 0)
    expect((await database.withTenant(alder, session)).pid).not.toBe(pid)
  })
})

describe('the pool', () => {
  it('serves more callers than it has connections', async () => {
    const database = oneConnection()
    const tenants = await Promise.all(
      Array.from({ length: 20 }, (_, n) => database.withTenant(n % 2 ? alder : birch, session)),
    )
    expect(tenants.map(({ tenant }) => tenant)).toEqual(Array.from({ length: 20 }, (_, n) => (n % 2 ? alder : birch)))
    expect(new Set(tenants.map(({ pid }) => pid)).size).toBe(1)
  })

  it('closes after the transactions under way, and may be closed twice', async () => {
    const database = oneConnection()
    const started = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const working = database.withTenant(alder, async (tx) => {
      started.resolve()
      await goOn.promise
      return nameOf(tx)
    })
    await started.promise
    const closing = database.close()
    goOn.resolve()
    await expect(working).resolves.toHaveLength(1)
    await closing
    await database.close()
  })
})

import { describe, expect, it } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { openPool } from './connect.ts'
import { connectionSettings, refuseWrongRole, type TimeLimits } from './connection-settings.ts'
import { ROLES } from './roles.ts'

const db = testDatabase()

describe('a connection', () => {
  it('ends statements, and transactions in which nothing happens, after 30 s, unless it is told otherwise', async () => {
    const settings = async (limits?: TimeLimits) => {
      const pool = openPool({ url: db.url, role: ROLES.serving, max: 1, logger: silent, ...(limits ? { limits } : {}) })
      const { rows } = await pool.query(`
        select current_setting('statement_timeout') as statement,
          current_setting('idle_in_transaction_session_timeout') as idle`)
      await pool.end()
      return rows[0]
    }
    expect(await settings()).toEqual({ statement: '30s', idle: '30s' })
    const other = { connectMs: 31_000, statementMs: 31_000, answerMs: 40_000 }
    expect(await settings(other)).toEqual({ statement: '31s', idle: '31s' })
  })
})

describe('the role of a connection', () => {
  it('holds though the URL carries server options of its own, which hold too', async () => {
    const url = new URL(db.url)
    url.searchParams.set('options', '-c role=none -c work_mem=5MB')
    const pool = openPool({ url: url.href, role: ROLES.serving, max: 1, logger: silent })
    const { rows } = await pool.query(`select current_user as role, current_setting('work_mem') as work_mem`)
    expect(rows).toEqual([{ role: ROLES.serving, work_mem: '5MB' }])
    await pool.end()
  })

  it('is proven for each connection before anybody gets it', async () => {
    const pool = openPool({ url: db.url, role: ROLES.owner, max: 1, logger: silent })
    await expect(pool.query('select 1')).rejects.toThrow('should act as signalbox_owner')
    await pool.end()
  })

  it('is refused when it is another one, bypasses row-level security or owns the tables', () => {
    expect(refuseWrongRole({ role: 'postgres', bypasses: true, owns: true }, ROLES.serving)?.message).toContain(
      'pooler',
    )
    expect(refuseWrongRole({ role: ROLES.serving, bypasses: true, owns: false }, ROLES.serving)).toBeDefined()
    expect(refuseWrongRole({ role: ROLES.serving, bypasses: false, owns: true }, ROLES.serving)).toBeDefined()
    expect(refuseWrongRole({ role: ROLES.serving, bypasses: false, owns: false }, ROLES.serving)).toBeUndefined()
    expect(refuseWrongRole(undefined, ROLES.serving)).toBeDefined()
  })

  it('comes after what the URL says, so that it wins', () => {
    const settings = connectionSettings(
      'postgres://a:b@h/d?options=-c%20role%3Downer&sslmode=require',
      ROLES.serving,
      'test',
    )
    expect(settings.options).toMatch(/^-c role=owner -c role=signalbox_serving /)
    expect(settings.connectionString).toBe('postgres://a:b@h/d?sslmode=require')
  })
})

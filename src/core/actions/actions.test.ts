import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ALDER, BIRCH, testApp, tokenOf } from '../../../test/harness/app.ts'
import { call } from '../../../test/harness/call.ts'
import type { Tx } from '../../platform/database/index.ts'
import { defineAction } from './action.ts'
import { catalogueOf, refuseStale } from './index.ts'
import { actionRoutes } from './routes.ts'

const PERMISSIONS = ['action.read', 'action.preview', 'action.apply', 'action.undo', 'thing.read', 'thing.write']
const LIMIT = 20
const ID = z.uuid()

type Row = { note_id: string; text: string; version: number }
const requireNote = async (tx: Tx, id: string): Promise<Row> => {
  const { rows } = await sql<Row>`select note_id, text, version from notes where note_id = ${id} for update`.execute(tx)
  if (!rows[0]) throw new Error('no such note')
  return rows[0]
}

const add = defineAction<{ text: string; copies: number }>({
  name: 'note.add',
  summary: 'Add a note',
  permission: 'thing.write',
  parameters: z.strictObject({ text: z.string().min(1).max(100), copies: z.int().min(1).max(5_000).default(1) }),
  ...{ risk: 'safe', places: ['notes'], limitPerDay: LIMIT },
  change: async (tx, { now }, { text, copies }) => {
    const { rows } = await sql<{ id: string }>`
      insert into notes (tenant_id, text, written_at)
      select current_setting('signalbox.tenant_id'), ${text} || case when n > 1 then n::text else '' end, ${now}
      from generate_series(1, ${copies}::int) as n returning note_id as id`.execute(tx)
    const id = rows[0]?.id ?? ''
    return { subject: `note:${id}`, summary: `Add the note “${text}”.`, result: { note_id: id } }
  },
})
const rename = defineAction<{ note_id: string; text: string; version?: number | undefined }>({
  name: 'note.rename',
  summary: 'Give a note another text',
  permission: 'thing.write',
  parameters: z.strictObject({ note_id: ID, text: z.string().min(1).max(100), version: z.int().min(1).optional() }),
  ...{ risk: 'confirm', places: ['note'], undoWithinMinutes: 30 },
  change: async (tx, _context, { note_id, text, version }) => {
    const note = await requireNote(tx, note_id)
    await refuseStale(tx, { table: 'notes', id: note_id, given: version, current: note.version })
    await sql`update notes set text = ${text}, version = version + 1 where note_id = ${note_id}`.execute(tx)
    const people = [{ kind: 'reader', id: 'r1', name: 'Rita', effect: `reads “${text}”` }]
    return { subject: `note:${note_id}`, summary: `Rename “${note.text}”.`, people }
  },
})
const burn = defineAction<{ note_id: string }>({
  name: 'note.burn',
  summary: 'Burn a note',
  permission: 'thing.write',
  parameters: z.strictObject({ note_id: ID }),
  ...{ risk: 'never', places: ['note'], undoWithinMinutes: 30 },
  change: async (tx, _context, { note_id }) => {
    await sql`delete from notes where note_id = ${note_id}`.execute(tx)
    return { subject: `note:${note_id}`, summary: 'Burn the note.' }
  },
})

const permissions = Object.fromEntries(PERMISSIONS.map((each) => [each, 'viewer' as const]))
const catalogue = catalogueOf([add, rename, burn], permissions)
const app = testApp(
  actionRoutes({
    ...{ catalogue, secret: 'a secret of these tests alone, 32 characters' },
    database: { readTenant: (tenant, work) => app.db.database.readTenant(tenant, work) },
  }),
  PERMISSIONS,
)
const named = (name: string, tenants = [ALDER, BIRCH], may = PERMISSIONS) =>
  tokenOf({ id: `person:${name}`, tenants, permissions: may })
const ada = named('ada')

let url: string
beforeAll(async () => {
  await app.asSuperuser(`
    insert into tenants (tenant_id, name) values ('alder', 'Alder'), ('birch', 'Birch');
    set role signalbox_owner;
    create table notes (
      tenant_id text not null, note_id uuid not null default uuidv7(), text text not null unique, version int not null default 1,
      written_at timestamptz not null default now(), primary key (tenant_id, note_id));
    select platform.secure_tenant_table('notes'); select write_by_actions('notes', 'note_id')`)
  url = app.url
})

type Body = Record<string, unknown> & {
  code: string
  token: string
  receipt_id: string
  steps: { subject: string; result: Record<string, string> }[]
  rows: { table: string; operation: string; before: Record<string, unknown>; after: Record<string, unknown> }[]
}
type Asked = { token?: string; tenant?: string; key?: string }
const post = (path: string, body: unknown, { token = ada, tenant = 'alder', key }: Asked = {}) =>
  call<Body>(`${url}/actions/${path}?tenant_id=${tenant}`, {
    ...{ method: 'POST', token, body },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  })
const step = (action: string, parameters: Record<string, unknown>) => ({ action, parameters })
const apply = (steps: unknown[], token?: string, asked?: Asked) => post('apply', { steps, token }, asked)
const preview = (steps: unknown[], asked?: Asked) => post('preview', { steps }, asked)

let texts = 0
const fresh = () => `note ${++texts}`
const noteIn = async (asked: Asked = {}) => {
  const made = await apply([step('note.add', { text: fresh() })], undefined, {
    token: named(`writer-${texts}`),
    ...asked,
  })
  return made.body.steps[0]?.result.note_id ?? ''
}
const count = async (where: string) => Number((await app.asSuperuser(`select count(*) as n from ${where}`)).rows[0].n)
const textOf = async (id: string) =>
  (await app.asSuperuser(`select text from notes where note_id = '${id}'`)).rows[0]?.text

describe('a preview', () => {
  it('says which rows change, for whom, and leaves nothing but its plan', async () => {
    const id = await noteIn()
    const before = [await count('notes'), await count('action_changes'), await count('action_receipts')]
    const { status, body } = await preview([step('note.rename', { note_id: id, text: 'other' })])
    expect(status).toBe(200)
    expect(body.rows).toMatchObject([
      { table: 'notes', operation: 'update', before: { version: 1 }, after: { text: 'other', version: 2 } },
    ])
    expect(body.people).toMatchObject([{ name: 'Rita' }])
    expect([await count('notes'), await count('action_changes'), await count('action_receipts')]).toEqual(before)
  })

  it('is the same for two in a row, whatever ids and times would be', async () => {
    const steps = [step('note.add', { text: 'twice' })]
    const [first, second] = [await preview(steps), await preview(steps)]
    expect(second.body.rows).toEqual(first.body.rows)
    expect(first.body.rows).toMatchObject([{ operation: 'insert', after: { note_id: 'new:1', written_at: 'now' } }])
  })

  it('answers 422 for wrong parameters, 404 for no such action, 403 without the action’s permission', async () => {
    expect((await preview([step('note.add', { text: '' })])).status).toBe(422)
    expect((await preview([step('note.fly', {})])).body.code).toBe('actions.unknown')
    const reader = named('reader', [ALDER], ['action.preview', 'action.apply', 'action.read'])
    expect((await preview([step('note.add', { text: 'x' })], { token: reader })).status).toBe(403)
    expect((await apply([step('note.add', { text: 'x' })], undefined, { token: reader })).status).toBe(403)
  })

  it('of too many rows is refused whole', async () => {
    const { body } = await preview([step('note.add', { text: 'bulk', copies: 2_001 })])
    expect(body.code).toBe('actions.too_large')
  })
})

describe('a token', () => {
  const renaming = async (asked: Asked = {}) => {
    const id = await noteIn(asked)
    const steps = [step('note.rename', { note_id: id, text: fresh() })]
    return { id, steps, token: (await preview(steps, asked)).body.token }
  }

  it('lets exactly what was previewed happen, once', async () => {
    const { id, steps, token } = await renaming()
    const done = await apply(steps, token)
    expect(done.status).toBe(200)
    expect(await textOf(id)).toBe(steps[0]?.parameters.text)
    const again = await apply(steps, token)
    expect([again.status, again.body.code, again.body.receipt_id]).toEqual([
      409,
      'actions.token_used',
      done.body.receipt_id,
    ])
  })

  it('sent sixteen times at once is used once', async () => {
    const { steps, token } = await renaming()
    const answers = await Promise.all(Array.from({ length: 16 }, () => apply(steps, token)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(15).fill(409)])
  })

  it('repeated with its Idempotency-Key gets the first answer again', async () => {
    const { steps, token } = await renaming()
    const [first, second] = [await apply(steps, token, { key: token }), await apply(steps, token, { key: token })]
    expect([first.status, second.text]).toEqual([200, first.text])
  })

  it('is refused to another person, in another tenant, changed by a letter, and for other arguments', async () => {
    const { id, steps, token } = await renaming()
    const other = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
    expect((await apply(steps, token, { token: named('ben') })).body.code).toBe('actions.token_invalid')
    expect((await apply(steps, token, { tenant: 'birch' })).body.code).toBe('actions.token_invalid')
    expect((await apply(steps, other)).body.code).toBe('actions.token_invalid')
    const elsewhere = [step('note.rename', { note_id: id, text: 'something else' })]
    expect((await apply(elsewhere, token)).body.code).toBe('actions.plan_differs')
    expect((await apply([...steps, ...steps], token)).body.code).toBe('actions.plan_differs')
    expect((await apply(steps, token)).status).toBe(200)
  })

  it('is refused when something changed since, with the difference', async () => {
    const { id, steps, token } = await renaming()
    const [between] = [[step('note.rename', { note_id: id, text: fresh() })]]
    await apply(between, (await preview(between)).body.token)
    const late = await apply(steps, token)
    expect([late.status, late.body.code]).toEqual([409, 'actions.state_changed'])
    expect(late.body.difference).toContainEqual({ where: 'rows.0.before.version', previewed: 1, now: 2 })
    expect(await textOf(id)).toBe(between[0]?.parameters.text)
  })

  it('is refused after ten minutes', async () => {
    const { steps, token } = await renaming()
    // The time it was signed for stays: a longer one would be another signature.
    await app.asSuperuser(`update action_plans set expires_at = now() - interval '1 second' where used_at is null`)
    expect((await apply(steps, token)).body.code).toBe('actions.token_invalid')
    const answer = app.asSuperuser(`
      insert into action_receipts (tenant_id, plan_id, actor, request_id, actions, risk, steps, outcome)
      select tenant_id, plan_id, actor, 'r', '{}', 'confirm', '[]', '{}' from action_plans where used_at is null limit 1`)
    await expect(answer).rejects.toThrow('no plan of this person')
  })
})

describe('what is risky', () => {
  it('is not done without a token, and the database takes no receipt of it', async () => {
    const id = await noteIn()
    for (const risky of [step('note.rename', { note_id: id, text: 'x' }), step('note.burn', { note_id: id })]) {
      expect((await apply([risky])).body.code).toBe('actions.confirmation_needed')
      expect((await apply([step('note.add', { text: fresh() }), risky])).body.code).toBe('actions.confirmation_needed')
    }
    const around =
      app.asSuperuser(`insert into action_receipts (tenant_id, actor, request_id, actions, risk, steps, outcome)
      values ('alder', 'a', 'r', '{}', 'confirm', '[]', '{}')`)
    await expect(around).rejects.toThrow('risky_needs_plan')
    expect(await count(`action_receipts where risk <> 'safe' and plan_id is null`)).toBe(0)
  })

  it('cannot be written around actions: the serving role is refused without a receipt', async () => {
    const around = app.db.database.withTenant(ALDER, (tx) =>
      sql`insert into notes (tenant_id, text) values ('alder', 'around')`.execute(tx),
    )
    await expect(around).rejects.toThrow('written by actions alone')
  })
})

describe('several steps', () => {
  it('are all done, or none', async () => {
    const [text, before] = [fresh(), await count('notes')]
    const both = await apply([step('note.add', { text }), step('note.add', { text })])
    expect(both.status).not.toBe(200)
    expect(await count('notes')).toBe(before)
    const two = await apply([step('note.add', { text }), step('note.add', { text: fresh() })])
    expect([two.status, two.body.rows.length]).toEqual([200, 2])
  })
})

describe('a limit', () => {
  it('of a day holds for each person, also when they ask all at once', async () => {
    const eager = named('eager')
    const asked = await Promise.all(
      Array.from({ length: LIMIT + 5 }, () =>
        apply([step('note.add', { text: fresh() })], undefined, { token: eager }),
      ),
    )
    const done = asked.filter(({ status }) => status === 200)
    expect(done).toHaveLength(LIMIT)
    expect(asked.find(({ status }) => status !== 200)?.body.code).toBe('actions.limit_reached')
    expect((await apply([step('note.add', { text: fresh() })], undefined, { token: named('calm') })).status).toBe(200)
  })
})

describe('an undo', () => {
  const renamed = async () => {
    const id = await noteIn()
    const was = await textOf(id)
    const steps = [step('note.rename', { note_id: id, text: fresh() })]
    const done = await apply(steps, (await preview(steps)).body.token)
    return { id, was, undo: [step('action.undo', { receipt_id: done.body.receipt_id })] }
  }

  it('puts every row back as it was, once, under a new version', async () => {
    const { id, was, undo } = await renamed()
    const { token } = (await preview(undo)).body
    expect((await apply(undo, token)).status).toBe(200)
    expect(await textOf(id)).toBe(was)
    expect(await count(`notes where note_id = '${id}' and version = 3`)).toBe(1)
    expect((await preview(undo)).body.code).toBe('actions.not_undoable')
  })

  it('brings back what was deleted', async () => {
    const id = await noteIn()
    const burning = [step('note.burn', { note_id: id })]
    const done = await apply(burning, (await preview(burning)).body.token)
    const undo = [step('action.undo', { receipt_id: done.body.receipt_id })]
    await apply(undo, (await preview(undo)).body.token)
    expect(await textOf(id)).toBeTypeOf('string')
  })

  it('is refused when something else changed it since, when its time is over, and of what has none', async () => {
    const { id, undo } = await renamed()
    const later = [step('note.rename', { note_id: id, text: fresh() })]
    const second = await apply(later, (await preview(later)).body.token)
    expect((await preview(undo)).body.detail).toMatch(/Something else has changed/)
    await app.asSuperuser(
      `update action_receipts set undo_until = now() - interval '1 second' where receipt_id = '${second.body.receipt_id}'`,
    )
    expect((await preview([step('action.undo', { receipt_id: second.body.receipt_id })])).body.detail).toMatch(/time/)
    const added = await apply([step('note.add', { text: fresh() })], undefined, { token: named('adder') })
    expect((await preview([step('action.undo', { receipt_id: added.body.receipt_id })])).body.detail).toMatch(/cannot/)
  })

  it('needs the permission of what it takes back, and finds no receipt of another tenant', async () => {
    const { undo } = await renamed()
    const may = PERMISSIONS.filter((each) => each !== 'thing.write')
    expect((await preview(undo, { token: named('undoer', [ALDER], may) })).status).toBe(403)
    expect((await preview(undo, { tenant: 'birch' })).body.code).toBe('actions.receipt_not_found')
  })
})

describe('a change from an old version', () => {
  it('is told who came first, and with what', async () => {
    const id = await noteIn()
    const [first, second] = ['ben', 'cleo'].map((name) => ({
      ...{ token: named(name), steps: [step('note.rename', { note_id: id, text: fresh(), version: 1 })] },
    }))
    await apply(first?.steps ?? [], (await preview(first?.steps ?? [], first)).body.token, first)
    const { status, body } = await preview(second?.steps ?? [], second)
    expect([status, body.code, body.changed_by]).toEqual([409, 'actions.changed_meanwhile', 'person:ben'])
    expect(body.changes).toMatchObject([{ actor: 'person:ben', after: { text: first?.steps[0]?.parameters.text } }])
  })
})

describe('the lists', () => {
  const get = (path: string, token = ada) => call<Body>(`${url}/actions${path}`, { token })

  it('offer what the caller may do, with schemas', async () => {
    const { body } = await get('?tenant_id=alder&place=notes')
    expect(body.actions).toMatchObject([
      { action: 'note.add', parameters: { properties: { text: { maxLength: 100 } } } },
    ])
    const reader = named('reader', [ALDER], ['action.read'])
    expect((await get('?tenant_id=alder', reader)).body.actions).toEqual([])
  })

  it('show receipts with who, for whom, and the rows, to the own tenant alone', async () => {
    const steps = [step('note.add', { text: fresh() })]
    const done = await post('apply', { steps, on_behalf_of: 'person:rita' }, { token: named('clerk') })
    const { body } = await get('/receipts?tenant_id=alder&actor=person:clerk')
    expect(body.receipts).toMatchObject([
      {
        receipt_id: done.body.receipt_id,
        actor: 'person:clerk',
        on_behalf_of: 'person:rita',
        rows: [{ operation: 'insert' }],
      },
    ])
    const subject = done.body.steps[0]?.subject ?? ''
    expect((await get(`/receipts?tenant_id=alder&subject=${subject}`)).body.receipts).toHaveLength(1)
    expect((await get(`/receipts/${done.body.receipt_id}?tenant_id=birch`)).status).toBe(404)
    expect(
      await count(`audit_log where details ->> 'receipt_id' = '${done.body.receipt_id}' and actor = 'person:clerk'`),
    ).toBe(1)
  })
})

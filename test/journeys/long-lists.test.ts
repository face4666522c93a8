import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)
const TENANT = 'alder'
const ROWS = 60
const ANSWER_BYTES_MAX = 2_500_000

/** Rows that are as long as no module makes them today: what each of them tells takes 100 KB. */
const LISTS: [name: string, path: string, items: string, seed: string][] = [
  [
    'signals',
    `/signals?tenant_id=${TENANT}`,
    'signals',
    `insert into signals (tenant_id, kind, subject, severity, title, facts, dedupe_key)
     select '${TENANT}', 'test.long', 'thing:1', 'info', repeat('t', 1000), jsonb_build_object('n', n, 'text', repeat('x', 100000)), n::text
     from generate_series(1, $1::int) n`,
  ],
  [
    'signals of operators',
    '/operator/signals?kind=test.long',
    'signals',
    `insert into platform.operator_signals (kind, subject, severity, title, facts, dedupe_key)
     select 'test.long', 'thing:1', 'info', 'a title', jsonb_build_object('n', n, 'text', repeat('x', 100000)), n::text
     from generate_series(1, $1::int) n`,
  ],
  [
    'the audit log',
    `/tenants/${TENANT}/audit?`,
    'entries',
    `insert into audit_log (tenant_id, actor, action, subject, details)
     select '${TENANT}', 'operator', 'test.long', 'thing:' || n, jsonb_build_object('revoked_keys', repeat('x', 100000))
     from generate_series(1, $1::int) n`,
  ],
  [
    'tasks',
    `/tasks?tenant_id=${TENANT}`,
    'tasks',
    `insert into tasks (tenant_id, kind, payload, progress, attempts_max, created_by)
     select '${TENANT}', 'test.long', '{}', jsonb_build_object('text', repeat('x', 100000)), 1, 'operator'
     from generate_series(1, $1::int) n`,
  ],
]

beforeAll(async () => {
  await make.makeTenant(TENANT)
  await administer(system.databaseUrl, async (superuser) => {
    for (const [, , , seed] of LISTS) await superuser.query(seed, [ROWS])
  })
})

describe.each(LISTS)('a list of %s with long rows', (_name, path, items) => {
  it('has pages of a few megabytes, and each row once over them', async () => {
    const seen: string[] = []
    for (let cursor: unknown; cursor !== null; ) {
      const separator = path.endsWith('?') ? '' : '&'
      const more = cursor === undefined ? '' : `&cursor=${cursor}`
      const page = await call(`${system.url}${path}${separator}limit=200${more}`, { token: OPERATOR_TOKEN })
      expect(page.status).toBe(200)
      expect(Buffer.byteLength(page.text)).toBeLessThan(ANSWER_BYTES_MAX)
      const rows = page.body[items] as Record<string, unknown>[]
      expect(rows.length).toBeGreaterThan(0)
      seen.push(...rows.map((row) => String(row.signal_id ?? row.audit_id ?? row.task_id)))
      cursor = page.body.next_cursor ?? null
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBeGreaterThanOrEqual(ROWS)
  })
})

import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'

const system = testSystem()
const make = factories(system)
const LETTER = readFileSync(new URL('../../../../eval/denials/letters/pa_denial_001.txt', import.meta.url), 'utf8')
const [OURS, THEIRS] = ['willow', 'maple']

beforeAll(async () => {
  await make.makeTenant(OURS)
  await make.makeTenant(THEIRS)
})

// biome-ignore lint/suspicious/noExplicitAny: the shape of each answer is what its test looks at
type Any = any
const request = (method: string, path: string, body?: unknown, tenant = OURS) => {
  // What is answered is kept for whoever repeats a request: nothing of a person may be in it.
  const headers = method === 'GET' ? {} : { 'idempotency-key': randomUUID() }
  const [address, query = ''] = path.split('?')
  const url = `${system.url}/api/v1/cases${address}?tenant_id=${tenant}&${query}`
  return call<Any>(url, { method, token: OPERATOR_TOKEN, headers, ...(body === undefined ? {} : { body }) })
}
const send = (caseId: string, bytes: string | Buffer, query = 'doc_type=denial_letter', tenant = OURS) =>
  fetch(`${system.url}/api/v1/cases/${caseId}/documents?tenant_id=${tenant}&${query}`, {
    ...{ method: 'POST', body: typeof bytes === 'string' ? bytes : new Uint8Array(bytes) },
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/octet-stream' },
  }).then(async (answer) => ({ status: answer.status, body: (await answer.json()) as Any }))
const open = async (body: object = {}) => (await request('POST', '', body)).body.case_id as string
const withLetter = async (body: object = {}, letter = LETTER) => {
  const caseId = await open(body)
  expect((await send(caseId, letter)).status).toBe(201)
  return caseId
}
const factIn = (run: Any, field: string) => run.facts.find((fact: Any) => fact.field === field)
/** Overrules everything that the gate finds; the newest version. */
const overruleAll = async (caseId: string): Promise<Any> => {
  const pack = (await request('GET', `/${caseId}/pack`)).body
  let last = pack
  for (const { document, text } of pack.findings) {
    last = (await request('POST', `/${caseId}/pack/overrule`, { document, text, reason: 'It is written by hand.' }))
      .body
  }
  return last
}

describe('a case', () => {
  it('goes from a letter to approved documents', async () => {
    const caseId = await withLetter()
    const run = await request('POST', `/${caseId}/run`)
    expect(run.body).toMatchObject({ run: 1, status: 'completed', is_stale: false, route: 'prior_auth_needed' })
    const found = (await request('GET', `/${caseId}/findings`)).body
    expect(found.deadlines[0]).toMatchObject({
      kind: 'appeal',
      date: '2024-07-13',
      rolled: '2024-07-15',
      basis: 'stated_time',
    })
    expect((await request('GET', `/${caseId}`)).body).toMatchObject({
      status: 'review',
      route: 'prior_auth_needed',
      appeal_by: '2024-07-13',
    })
    const { evidence } = factIn(found, 'payer.claim_number')
    const read = (await request('GET', `/${caseId}/documents/${evidence.document_id}/text`)).body
    expect(read.text.slice(evidence.start, evidence.end)).toBe('CLM2024011500001')

    const blocked = await request('POST', `/${caseId}/pack/approve`, { version: 1 })
    expect([blocked.status, blocked.body.code]).toEqual([409, 'denials.pack_blocked'])
    const pack = await overruleAll(caseId)
    const approved = await request('POST', `/${caseId}/pack/approve`, { version: pack.version })
    expect(approved.body).toMatchObject({
      approved_by: 'operator',
      ...{ blocking: 0, sha256: { 'appeal_letter.md': expect.stringMatching(/^[0-9a-f]{64}$/) } },
    })
    const frozen = (await request('GET', `/${caseId}/pack`)).body.documents
    for (const { name, text, sha256 } of frozen) {
      expect([name, createHash('sha256').update(text).digest('hex')]).toEqual([name, sha256])
    }
    expect((await request('GET', `/${caseId}`)).body.status).toBe('ready')
    const again = await request('PUT', `/${caseId}/pack/call_script.md`, { text: 'Something else.' })
    expect([again.status, again.body.code]).toEqual([409, 'denials.pack_approved'])
  })

  it('finds everything anew when a person corrects a fact, and keeps what was found', async () => {
    const caseId = await withLetter()
    await request('POST', `/${caseId}/run`)
    expect((await request('PUT', `/${caseId}/facts/dates.date_of_denial`, { value: '2024-01-20' })).status).toBe(204)
    const found = (await request('GET', `/${caseId}/findings`)).body
    expect(found).toMatchObject({ run: 2, is_stale: false, deadlines: [{ kind: 'appeal', date: '2024-07-18' }] })
    expect(factIn(found, 'dates.date_of_denial')).toMatchObject({ method: 'person', evidence: { document_id: null } })
    expect(found.candidates).toContainEqual(
      expect.objectContaining({ field: 'dates.date_of_denial', normalised: '2024-01-15' }),
    )
    expect((await request('GET', `/${caseId}/findings?run=1`)).body.deadlines[0].date).toBe('2024-07-13')
    await request('DELETE', `/${caseId}/facts/dates.date_of_denial`)
    expect((await request('GET', `/${caseId}/findings`)).body.deadlines[0].date).toBe('2024-07-13')
    for (const value of ['2024-02-30', '2024-13-01', '9999-12-01', 'soon']) {
      const wrong = await request('PUT', `/${caseId}/facts/dates.date_of_denial`, { value })
      expect([value, wrong.status, wrong.body.errors?.[0].field]).toEqual([value, 422, 'value'])
    }
  })

  it('says that its documents are stale when papers came since, and approves nothing of them', async () => {
    const caseId = await withLetter()
    await request('POST', `/${caseId}/run`)
    const pack = await overruleAll(caseId)
    expect((await send(caseId, 'Claim Number: CLM1\nAmount Billed: $9.00\n', 'doc_type=eob')).status).toBe(201)
    expect((await request('GET', `/${caseId}/pack`)).body.is_stale).toBe(true)
    const refused = await request('POST', `/${caseId}/pack/approve`, { version: pack.version })
    expect([refused.status, refused.body.code]).toEqual([409, 'denials.pack_stale'])
  })

  it('whose papers or context change after the approval is to be looked at again, and is not sent', async () => {
    const changes = [
      (caseId: string) => send(caseId, 'Claim Number: CLM1\nAmount Billed: $9.00\n', 'doc_type=eob'),
      (caseId: string) => request('PATCH', `/${caseId}`, { user_context: { payer_name: 'Acme' } }),
    ]
    for (const change of changes) {
      const caseId = await withLetter()
      await request('POST', `/${caseId}/run`)
      const { version } = await overruleAll(caseId)
      await request('POST', `/${caseId}/pack/approve`, { version })
      const both = await request('PATCH', `/${caseId}`, { status: 'submitted', user_context: { state: 'NC' } })
      expect(both.body.code).toBe('denials.status_not_possible')
      await change(caseId)
      expect((await request('GET', `/${caseId}`)).body.status).toBe('review')
      expect((await request('PATCH', `/${caseId}`, { status: 'submitted' })).body.code).toBe(
        'denials.status_not_possible',
      )
    }
  })

  it('that is to be verified needs the plan’s own document', async () => {
    const caseId = await withLetter({ mode: 'verified' })
    await request('POST', `/${caseId}/run`)
    const { version } = await overruleAll(caseId)
    const refused = await request('POST', `/${caseId}/pack/approve`, { version })
    expect([refused.status, refused.body.code]).toEqual([409, 'denials.plan_document_missing'])
    await send(caseId, 'Summary of benefits. You may appeal within 180 days of the notice.', 'doc_type=sbc')
    await request('POST', `/${caseId}/run`)
    const mended = await overruleAll(caseId)
    expect((await request('POST', `/${caseId}/pack/approve`, { version: mended.version })).status).toBe(200)
  })

  it('whose letter has no text asks for a better scan, and writes nothing', async () => {
    const caseId = await withLetter({}, 'p. 1')
    expect((await request('POST', `/${caseId}/run`)).body.status).toBe('needs_better_scan')
    expect((await request('GET', `/${caseId}`)).body.status).toBe('needs_better_scan')
    expect((await request('GET', `/${caseId}/pack`)).body.code).toBe('denials.pack_not_found')
  })

  it('refuses what is no paper, the same paper twice, and a run without a letter', async () => {
    const caseId = await open()
    expect((await request('POST', `/${caseId}/run`)).body.code).toBe('denials.no_letter')
    expect((await request('GET', `/${caseId}/findings`)).body.code).toBe('denials.not_run')
    const empty = await send(caseId, '   \n')
    expect([empty.status, empty.body.code]).toEqual([422, 'denials.document_unreadable'])
    const large = await send(caseId, Buffer.alloc(10 * 1_048_576 + 1, 'a'))
    expect([large.status, large.body.code]).toEqual([413, 'denials.document_too_large'])
    expect((await send(caseId, LETTER)).status).toBe(201)
    expect((await send(caseId, LETTER)).body.code).toBe('denials.document_known')
    expect((await request('GET', `/${caseId}/documents`)).body.documents).toHaveLength(1)
  })

  it('takes no more when the papers of the tenant are at their bound', async () => {
    const caseId = await withLetter()
    const [document] = (await request('GET', `/${caseId}/documents`)).body.documents
    const of = (change: string) =>
      administer(system.databaseUrl, (superuser) =>
        superuser.query(
          `insert into denial_documents (tenant_id, case_id, doc_type, name, sha256, size_bytes, pages, sealed_text, sealed_file, created_by)
          select tenant_id, case_id, 'eob', 'large', sha256(n::text::bytea), ${change}, 1, '', '', 'test'
          from denial_documents, generate_series(1, 11) as n where document_id = $1`,
          [document.document_id],
        ),
      )
    await of('2147483647')
    const refused = await send(caseId, 'One more paper of the case.', 'doc_type=correspondence')
    expect([refused.status, refused.body.code]).toEqual([409, 'denials.storage_full'])
    expect((await request('DELETE', `/${caseId}`)).status).toBe(204)
  })

  it('moves on by hand as it is sent and decided, and what was sent stays', async () => {
    const caseId = await withLetter()
    await request('POST', `/${caseId}/run`)
    expect((await request('PATCH', `/${caseId}`, { status: 'submitted' })).body.code).toBe(
      'denials.status_not_possible',
    )
    const { version } = await overruleAll(caseId)
    await request('POST', `/${caseId}/pack/approve`, { version })
    expect((await request('PATCH', `/${caseId}`, { status: 'submitted' })).body.status).toBe('submitted')
    expect((await request('POST', `/${caseId}/run`)).body.code).toBe('denials.case_is_under_way')
    expect((await send(caseId, 'another paper')).body.code).toBe('denials.case_is_under_way')
    expect((await request('PATCH', `/${caseId}`, { status: 'decided' })).status).toBe(422)
    const decided = await request('PATCH', `/${caseId}`, { status: 'decided', outcome: 'overturned' })
    expect(decided.body).toMatchObject({ status: 'decided', outcome: 'overturned' })
  })

  it('stays whole when papers come while it runs', async () => {
    const caseId = await withLetter()
    const answers = await Promise.all([
      ...[1, 2, 3].map(() => request('POST', `/${caseId}/run`)),
      ...[1, 2, 3].map((n) => send(caseId, `Claim note ${n} of the billing office.`, 'doc_type=correspondence')),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 201, 201, 201])
    expect(new Set(answers.slice(0, 3).map(({ body }) => body.run))).toEqual(new Set([1, 2, 3]))
  })
})

describe('what a case says of a person', () => {
  it('is another tenant’s to nobody: not the case, its papers, findings or documents', async () => {
    const caseId = await withLetter()
    await request('POST', `/${caseId}/run`)
    const [document] = (await request('GET', `/${caseId}/documents`)).body.documents
    const paths = ['', '/documents', `/documents/${document.document_id}/text`, '/findings', '/pack']
    for (const path of paths) expect((await request('GET', `/${caseId}${path}`, undefined, THEIRS)).status).toBe(404)
    expect((await request('POST', `/${caseId}/run`, undefined, THEIRS)).status).toBe(404)
    expect((await send(caseId, LETTER, 'doc_type=eob', THEIRS)).status).toBe(404)
    expect((await request('DELETE', `/${caseId}`, undefined, THEIRS)).status).toBe(404)
  })

  it('stands in no table and no log line that can be read', async () => {
    const canary = 'Zyxwvut Canaryman'
    const caseId = await withLetter(
      { user_context: { provider_name: canary } },
      LETTER.replaceAll('John Smith', canary),
    )
    await request('POST', `/${caseId}/run`)
    await request('PUT', `/${caseId}/facts/patient.name`, { value: canary })
    await overruleAll(caseId)
    const dump = await administer(system.databaseUrl, async (superuser) => {
      const { rows } = await superuser.query<{ name: string }>(
        `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
      )
      const texts: string[] = []
      for (const { name } of rows) {
        const found = await superuser.query<{ text: string }>(
          `select t::text as text from ${name} as t where t::text ~* 'canaryman|${Buffer.from('Canaryman').toString('hex')}'`,
        )
        if (found.rows.length > 0) texts.push(name)
      }
      return texts
    })
    expect(dump).toEqual([])
  })

  it('is gone with the case: no row is left', async () => {
    const caseId = await withLetter()
    await request('POST', `/${caseId}/run`)
    await request('PUT', `/${caseId}/facts/patient.name`, { value: 'Jane' })
    expect((await request('DELETE', `/${caseId}`)).status).toBe(204)
    const left = await administer(system.databaseUrl, async (superuser) => {
      const tables = ['denial_cases', 'denial_documents', 'denial_corrections', 'denial_runs', 'denial_packs']
      const counts = tables.map((table) =>
        superuser.query<{ count: number }>(`select count(*)::int from ${table} where case_id = $1`, [caseId]),
      )
      return (await Promise.all(counts)).map(({ rows }) => rows[0]?.count)
    })
    expect(left).toEqual([0, 0, 0, 0, 0])
  })
})

describe('the list of cases', () => {
  it('is newest first, in pages, and filtered', async () => {
    const ids = [await open({ assignee: 'ann' }), await open({ assignee: 'ann' }), await open({ assignee: 'ann' })]
    const first = (await request('GET', '?assignee=ann&limit=2')).body
    const second = (await request('GET', `?assignee=ann&limit=2&cursor=${first.next_cursor}`)).body
    expect([...first.cases, ...second.cases].map(({ case_id }: Any) => case_id)).toEqual(ids.toReversed())
    expect(second.next_cursor).toBeNull()
    const caseId = await withLetter()
    await request('POST', `/${caseId}/run`)
    const due = (await request('GET', '?due_before=2024-07-14&route=prior_auth_needed&limit=200')).body.cases
    expect(due.map(({ case_id }: Any) => case_id)).toContain(caseId)
    expect((await request('GET', '?due_before=2024-07-13')).body.cases).toEqual([])
  })
})

import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { deadProcesses } from '../harness/dead-process.ts'
import { ingestionScene, type Job } from '../harness/ingestion.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN } from '../harness/system.ts'

type Row = Record<string, unknown>

const row = (id: string, change: Row = {}): Row => ({
  ...{ id, source: 'email', customer_id: 'cust_1', subject: `Subject of ${id}`, message: 'It broke.' },
  ...{ status: 'open', created_at: '2026-03-01T00:00:00Z', updated_at: '2026-03-02T00:00:00Z' },
  ...change,
})
const ndjson = (rows: readonly Row[]) => rows.map((each) => JSON.stringify(each)).join('\n')

/** A system with one tenant into which files are sent. */
async function importScene(environment: Record<string, string> = {}) {
  const scene = await ingestionScene({ tickets: 200, modified: 0 })
  const system = await scene.open(environment)
  await scene.makeTenants(system, ['tenant_a', 'tenant_b'])
  const send = async (
    body: string | Uint8Array<ArrayBuffer> | ReadableStream,
    type = 'application/x-ndjson',
    query: Record<string, string> = {},
  ) => {
    const parameters = new URLSearchParams({ tenant_id: 'tenant_a', ...query })
    const response = await fetch(`${system.url}/ingest/import?${parameters}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': type },
      body,
      duplex: 'half',
    } as RequestInit)
    return { status: response.status, body: (await response.json()) as { job_id: string; code: string } }
  }
  const importFile = async (...file: Parameters<typeof send>) => {
    const { status, body } = await send(...file)
    expect(status).toBe(202)
    return scene.ended(system, body.job_id)
  }
  type Ticket = { external_id: string; subject: string; message: string; origin: string; deleted_at: string | null }
  const ticket = async (id: string) => (await scene.operator<Ticket>(system, `/tickets/${id}?tenant_id=tenant_a`)).body
  const uploadsLeft = () =>
    administer(scene.databaseUrl, async (client) => {
      const { rows } = await client.query<{ count: number }>(
        'select (select count(*)::int from ingestion_uploads) + (select count(*)::int from ingestion_files) as count',
      )
      return rows[0]?.count
    })
  type Rejects = { rejects: { reject_id: string; line: number; reason: string; external_id: string; kind: string }[] }
  const rejectsOf = async (query: string) =>
    (await scene.operator<Rejects>(system, `/ingest/rejects?tenant_id=tenant_a&${query}`)).body.rejects
  const preview = async (body: string, type: string, query: Record<string, string> = {}) => {
    const parameters = new URLSearchParams({ tenant_id: 'tenant_a', ...query })
    const response = await fetch(`${system.url}/ingest/import/preview?${parameters}`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': type }, body },
    })
    return { status: response.status, body: (await response.json()) as Preview }
  }
  return { ...scene, system, send, importFile, ticket, uploadsLeft, rejectsOf, preview }
}

type Preview = {
  code?: string
  mapping: Record<string, unknown>
  rows: Record<string, string>[]
  usable: number
  failed: number
  bytes: number
  is_complete: boolean
  refusal: string | null
}

describe('an imported file', () => {
  it('brings its tickets in with the exactness of a run, tells bad lines, and leaves nothing behind', async () => {
    const { importFile, ticket, uploadsLeft, rejectsOf } = await importScene()
    const rows = Array.from({ length: 1_300 }, (_, index) => row(`file-${index}`))
    const file = [ndjson(rows), 'nonsense', JSON.stringify(row('file-bad', { status: 'escalated' }))].join('\n')
    const first = await importFile(file)
    expect(first).toMatchObject({ kind: 'import', status: 'completed', progress: 100, created: 1_300, failed: 2 })
    expect(await ticket('file-7')).toMatchObject({ subject: 'Subject of file-7', origin: 'import' })
    const rejects = await rejectsOf(`job_id=${first.job_id}`)
    expect(rejects.map(({ line, external_id }) => [line, external_id])).toEqual([
      [1_302, 'file-bad'],
      [1_301, ''],
    ])

    const older = row('file-2', { subject: 'older', updated_at: '2026-03-01T12:00:00Z' })
    const again = [row('file-1', { subject: 'newer', updated_at: '2026-03-03T00:00:00Z' }), older, row('file-bad')]
    const second = await importFile(ndjson(again))
    expect(second).toMatchObject({ created: 1, updated: 1, unchanged: 1, failed: 0, outdated: 1 })
    expect(await rejectsOf(`job_id=${second.job_id}`)).toMatchObject([
      {
        line: 2,
        external_id: 'file-2',
        kind: 'outdated',
        reason: expect.stringContaining('of 2026-03-02T00:00:00.000Z'),
      },
    ])
    expect(await ticket('file-2')).toMatchObject({ subject: 'Subject of file-2' })
    expect((await rejectsOf('kind=unusable')).map(({ line }) => line)).toEqual([1_301])
    expect(await uploadsLeft()).toBe(0)
  })

  it('may be CSV as spreadsheets write it', async () => {
    const { importFile, ticket } = await importScene()
    const file = 'id;customer_id;subject;message;created_at\r\ncsv-1;c;Hallo;"zwei\nZeilen";2026-03-01T00:00:00Z\r\n'
    expect(await importFile(file, 'text/csv; charset=utf-8')).toMatchObject({ created: 1, failed: 0 })
    expect(await ticket('csv-1')).toMatchObject({ subject: 'Hallo', message: 'zwei\nZeilen' })
  })

  it('may be somebody else’s, when the request says how it is to be read', async () => {
    const { importFile, send, ticket, rejectsOf } = await importScene()
    const jira = [
      'Summary,Issue key,Status,Reporter,Created,Description,Comment,Comment',
      'Printer smokes,IT-1,In Progress,ada,01/Oct/26 9:30 AM,"It, well, smokes",a,b',
      'Chair,IT-2,Parked,ben,02/Oct/26 9:30 AM,,,',
    ].join('\r\n')
    const query = { preset: 'jira-csv', zone: 'Europe/Berlin', mapping: '{"constants":{"source":"tracker"}}' }
    const job = await importFile(jira, 'text/csv', query)
    expect(job).toMatchObject({ created: 1, failed: 1 })
    expect(await ticket('IT-1')).toMatchObject({
      ...{ subject: 'Printer smokes', message: 'It, well, smokes', customer_id: 'ada', status: 'open' },
      ...{ source: 'tracker', created_at: '2026-10-01T07:30:00.000Z' },
    })
    expect(await rejectsOf(`job_id=${job.job_id}`)).toMatchObject([
      { line: 3, reason: expect.stringContaining('status') },
    ])
    for (const wrong of [{ preset: 'jira' }, { zone: 'Berlin' }, { mapping: '{' }, { mapping: '{"colums":{}}' }]) {
      expect(await send(jira, 'text/csv', wrong), JSON.stringify(wrong)).toMatchObject({
        ...{ status: 422, body: { code: 'http.invalid' } },
      })
    }
  })

  it('is shown before anything is stored, and with the mapping that the preview gives is stored as it was shown', async () => {
    const { databaseUrl, preview, importFile, ticket, uploadsLeft } = await importScene()
    const table = (count: number) => {
      const row = (n: number) => `Chair ${n};V-${n};kim;Erledigt;14.10.2026 09:${10 + (n % 40)};It wobbles.`
      const head = 'Betreff;Vorgangsnummer;Kunde;Zustand;Erstellt am;Beschreibung'
      return [head, ...Array.from({ length: count }, (_, n) => row(n))].join('\r\n')
    }
    const file = table(40)
    const shown = await preview(file, 'text/csv')
    expect(shown).toMatchObject({ status: 200, body: { usable: 40, failed: 0, refusal: null, is_complete: true } })
    expect(shown.body.rows).toHaveLength(20)
    const count = `select (select count(*) from tickets)::int + (select count(*) from tasks where kind like 'ingestion%')::int as count`
    const stored = await administer(databaseUrl, async (client) => (await client.query<{ count: number }>(count)).rows)
    expect([stored, await uploadsLeft()]).toEqual([[{ count: 0 }], 0])

    const mapping = JSON.stringify(shown.body.mapping)
    expect(await importFile(file, 'text/csv', { mapping })).toMatchObject({ created: 40, failed: 0 })
    for (const { line: _, ...row } of shown.body.rows) expect(await ticket(row.external_id ?? '')).toMatchObject(row)

    expect((await preview(table(20_000), 'text/csv')).body).toMatchObject({
      bytes: 524_288,
      is_complete: false,
      usable: 300,
      failed: 0,
    })
    expect(await preview('', 'text/csv')).toMatchObject({ status: 422, body: { code: 'ingestion.import_empty' } })
    const latin = Buffer.from('id,subject\n1,Gr\xfc\xdfe', 'latin1') as unknown as string
    expect(await preview(latin, 'text/csv')).toMatchObject({ status: 422, body: { code: 'ingestion.import_not_utf8' } })
    expect(await preview(file, 'text/csv', { zone: 'Berlin' })).toMatchObject({
      status: 422,
      body: { code: 'http.invalid' },
    })
  })

  it('is refused as a whole when nobody can tell its columns, with the reason', async () => {
    const { importFile, uploadsLeft } = await importScene()
    for (const [file, why] of [
      [
        'id,subject,subject,customer_id,message,created_at\n1,a,b,c,m,2026-01-01T00:00:00Z',
        'columns are named “subject”',
      ],
      ['nr,text\n1,a', 'no column for id'],
      [Array.from({ length: 1_000_000 }, (_, n) => `column ${n}`).join(), 'no header in the first 262144 bytes'],
    ] as const) {
      const job = await importFile(file, 'text/csv')
      expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'ingestion.import_unreadable' } })
      expect(job.error?.message).toContain(why)
      expect(job.error?.message).toContain('Nothing of it is stored.')
    }
    expect(await uploadsLeft()).toBe(0)
  })

  it('says nothing about the provider’s tickets: a later run deletes none of it, an import restores none of them', async () => {
    const { helpdesk, system, importFile, ticket, startRun, ended } = await importScene()
    const theirs = helpdesk.insertTicket({ tenant_id: 'tenant_a' })
    await ended(system, await startRun(system, 'tenant_a'))
    expect(await ticket(theirs.id)).toMatchObject({ origin: 'provider', deleted_at: null })
    await importFile(ndjson([row('file-1')]))
    helpdesk.deleteTicket(theirs.id)
    expect(await ended(system, await startRun(system, 'tenant_a'))).toMatchObject({ stable: true, deleted: 1 })
    expect(await ticket('file-1')).toMatchObject({ deleted_at: null })

    const backup = row(theirs.id, { ...theirs, tenant_id: 'tenant_a' })
    expect(await importFile(ndjson([backup]))).toMatchObject({ restored: 0, unchanged: 1 })
    expect((await ticket(theirs.id)).deleted_at).not.toBeNull()
  })

  it('survives the process that reads it, and no record is lost or stored twice', async () => {
    const {
      start,
      system: api,
      send,
      ended,
      progressOf,
      until,
      databaseUrl,
    } = await importScene({
      SIGNALBOX_ROLES: 'api,scheduler',
    })
    const { kill } = await deadProcesses(databaseUrl)
    const worker = await start({ SIGNALBOX_ROLES: 'worker' })
    const rows = Array.from({ length: 6_000 }, (_, index) => row(`file-${index}`, { message: 'x'.repeat(1_000) }))
    const { job_id } = await administer(databaseUrl, async (holder) => {
      // Somebody else is about to store one in the middle: whoever comes to it waits. Without its triggers, or the first
      // record would wait for its counters.
      await holder.query(`begin; set local session_replication_role = replica`)
      await holder.query(
        `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
         values ('tenant_a', 'file-3000', 'email', 'cust_1', 'A subject', 'A message', 'open', now(), now())`,
      )
      const { body } = await send(ndjson(rows))
      await until('half of it was never stored', async () => (await progressOf(api, body.job_id)).created === 3_000)
      expect(await kill(worker)).toBe(1)
      await holder.query('rollback')
      return body
    })
    await start({ SIGNALBOX_ROLES: 'worker' })
    expect(await ended(api, job_id)).toMatchObject({ status: 'completed', attempt: 2, created: 6_000, failed: 0 })
    const count = "select count(*)::int as count from ticket_history where action = 'created'"
    const { rows: found } = await administer(databaseUrl, (client) => client.query(count))
    expect(found).toEqual([{ count: 6_000 }])
  })

  it('that is too large or empty is refused, and nothing of it is kept', async () => {
    const { send, uploadsLeft } = await importScene({ IMPORT_MEGABYTES_MAX: '2' })
    const megabyte = Buffer.alloc(1_048_576, 'x')
    const large = Readable.toWeb(Readable.from([megabyte, megabyte, megabyte])) as ReadableStream
    expect(await send(large)).toMatchObject({ status: 413, body: { code: 'ingestion.import_too_large' } })
    expect(await send('')).toMatchObject({ status: 422, body: { code: 'ingestion.import_empty' } })
    expect(await uploadsLeft()).toBe(0)
  })

  it('that is in another encoding than UTF-8 is refused, and nothing of it is kept', async () => {
    const { send, uploadsLeft } = await importScene()
    const files = {
      'Windows-1252': Buffer.from('id,subject\n1,Gr\xfc\xdfe\n', 'latin1'),
      'UTF-16': Buffer.from('\ufeffid,subject\n1,Grüße\n', 'utf16le'),
      'UTF-8 that ends within a letter': Buffer.from('id,subject\n1,Grü', 'utf8').subarray(0, -1),
      'Windows-1252 behind megabytes of ASCII': Buffer.concat([
        Buffer.alloc(2_500_000, 'x'),
        Buffer.from([0xfc, 0x78]),
      ]),
    }
    for (const [encoding, file] of Object.entries(files)) {
      const answer = await send(new Uint8Array(file), 'text/csv')
      expect(answer, encoding).toMatchObject({ status: 422, body: { code: 'ingestion.import_not_utf8' } })
    }
    expect(await uploadsLeft()).toBe(0)
  })

  it('may hold any letter, also one that two chunks share', async () => {
    const { importFile, ticket } = await importScene()
    // Letters of three bytes, shifted by one from message to message: some lie across the boundaries of chunks.
    const long = Array.from({ length: 6 }, (_, n) => [`e-${n}`, `${'x'.repeat(n % 3)}${'€'.repeat(330_000)}`])
    const messages: Record<string, string> = { ...Object.fromEntries(long), short: 'Grüße 😀' }
    const rows = Object.entries(messages).map(([id, message]) => row(id, { message }))
    expect(await importFile(ndjson(rows))).toMatchObject({ status: 'completed', created: 7, failed: 0 })
    for (const [id, message] of Object.entries(messages)) {
      expect((await ticket(id)).message === message, `the message of ${id}`).toBe(true)
    }
  })

  it('leaves a thousand rejects, the number of the others and their reasons, however many lines are bad', async () => {
    const { databaseUrl, system, importFile, rejectsOf, operator } = await importScene()
    const bad = JSON.stringify(row('bad', { status: 'escalated', message: 'x'.repeat(20_000) }))
    const file = `${ndjson([row('good')])}\n${`${bad}\n`.repeat(1_100)}${'x\n'.repeat(300_000)}[1]\n`
    const job = await importFile(file)
    expect(job).toMatchObject({ status: 'completed', created: 1, failed: 301_101 })
    const groups = await operator(system, `/ingest/rejects/groups?tenant_id=tenant_a&job_id=${job.job_id}`)
    expect(groups.body).toEqual({
      ...{ job_id: job.job_id, failed: 301_101, kept: 1_000, not_kept: 300_101 },
      groups: [
        { reason: 'the line is not JSON', count: 300_000, first_line: 1_102 },
        { reason: expect.stringMatching(/^status: /), count: 1_100, first_line: 2 },
        { reason: 'the line is not a JSON object', count: 1, first_line: 301_102 },
      ],
    })
    const size = await administer(databaseUrl, async (client) => {
      const { rows } = await client.query<{ count: number; body: number; bytes: number }>(
        `select count(*)::int as count, max(octet_length(body)) as body,
           pg_total_relation_size('ingestion_rejects')::int as bytes from ingestion_rejects`,
      )
      return rows[0]
    })
    expect(size).toMatchObject({ count: 1_000, body: 4_096 })
    expect(size?.bytes).toBeLessThan(8_000_000)

    const [first] = await rejectsOf('limit=1')
    const one = `/ingest/rejects/${first?.reject_id}?tenant_id=tenant_a`
    expect((await operator(system, one, 'DELETE')).status).toBe(204)
    expect((await operator(system, one, 'DELETE')).status).toBe(404)
    const all = `/ingest/rejects?tenant_id=tenant_a&job_id=${job.job_id}`
    expect(await operator(system, all, 'DELETE')).toMatchObject({ status: 200, body: { deleted: 999 } })
    expect(await rejectsOf('limit=1')).toEqual([])
  })

  it('is one of ten at the most: of sixty that come at once ten are let in, and a cancelled one makes room', async () => {
    const { system, send, operator, uploadsLeft, until } = await importScene({ SIGNALBOX_ROLES: 'api,scheduler' })
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => send(ndjson([row(`file-${n}`)]))))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10)
    expect(
      answers.filter(({ status, body }) => status === 429 && body.code === 'ingestion.too_many_imports'),
    ).toHaveLength(50)
    expect(await uploadsLeft()).toBe(20)
    const [accepted] = answers.filter(({ status }) => status === 202)
    await operator(system, `/ingest/${accepted?.body.job_id}`, 'DELETE')
    await until('the cancelled one made no room', async () => (await send(ndjson([row('next')]))).status === 202)
    expect(await uploadsLeft()).toBe(20)
    expect((await send(ndjson([row('one too many')]))).status).toBe(429)
  })

  it('that breaks off is not kept', async () => {
    const { send, uploadsLeft, until } = await importScene()
    const parts = async function* () {
      yield Buffer.alloc(3 * 1_048_576, 'x')
      throw new Error('the sender breaks off')
    }
    await expect(send(Readable.toWeb(Readable.from(parts())) as ReadableStream)).rejects.toThrow()
    await until('something was kept', async () => (await uploadsLeft()) === 0)
  })
})

describe('a reject that is tried again', () => {
  it('is asked for at the provider: still unusable, then mended, then gone', async () => {
    const { helpdesk, system, startRun, ended, operator, ticket } = await importScene()
    const bad = [1, 2].map(() => helpdesk.insertTicket({ tenant_id: 'tenant_a', status: 'escalated' }))
    await ended(system, await startRun(system, 'tenant_a'))
    type Rejects = { rejects: { reject_id: string; external_id: string }[] }
    const rejects = async () => (await operator<Rejects>(system, '/ingest/rejects?tenant_id=tenant_a')).body.rejects
    const retry = async (id: string): Promise<Job> => {
      const rejectId = (await rejects()).find(({ external_id }) => external_id === id)?.reject_id
      const path = `/ingest/rejects/${rejectId}/retry?tenant_id=tenant_a`
      return ended(system, (await operator<{ job_id: string }>(system, path, 'POST')).body.job_id)
    }
    const [first, second] = bad.map(({ id }) => id)
    expect(await retry(first ?? '')).toMatchObject({ kind: 'retry', status: 'completed', failed: 1, created: 0 })
    expect(await rejects()).toHaveLength(2)
    helpdesk.changeTicket(first ?? '', { status: 'pending' })
    expect(await retry(first ?? '')).toMatchObject({ status: 'completed', failed: 0, created: 1 })
    expect(await ticket(first ?? '')).toMatchObject({ status: 'pending', origin: 'provider' })
    helpdesk.deleteTicket(second ?? '')
    expect(await retry(second ?? '')).toMatchObject({ status: 'completed', failed: 0, created: 0 })
    expect(await rejects()).toEqual([])
  })
})

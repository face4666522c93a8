import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { MountedRoute } from '../../src/platform/http/index.ts'
import { authenticator } from '../harness/authenticator.ts'
import { type Answer, call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'
import {
  addressOf,
  callsOutside,
  makeAccount,
  makeThings,
  nameOf,
  type Sample,
  sampleOf,
  type Things,
} from './samples.ts'

const system = testSystem({
  SIGNALBOX_ROLES: 'api',
  REQUESTS_PER_MINUTE: '1000000',
  OUTBOUND_PRIVATE_HOSTS: '127.0.0.1',
  // Mail is posted here and sent by nobody.
  ...{ SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'ops@example.com' },
})
const make = factories(system)

const SAFE = ['GET', 'HEAD']
const AT_ONCE = 3

const asOperator = async (method: string, path: string, body?: unknown) => {
  const answer = await call<Record<string, string>>(`${system.url}/api/v1${path}`, {
    method,
    body,
    token: OPERATOR_TOKEN,
  })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.body
}
const password = 'correct horse battery'
const invite = async ({ tenantId }: Things) => {
  const email = `${randomUUID()}@example.com`
  return { email, token: (await make.makeInvitation(tenantId, 'viewer', email)).token ?? '' }
}
/** Has the account ask for codes; `isOn` without its first one, which would end the session. Answers the app that makes them. */
const enrol = async (
  { sessionToken, personId }: Pick<Things, 'sessionToken' | 'personId'>,
  { isOn }: { isOn: boolean },
) => {
  const enrolled = await call<{ uri: string }>(`${system.url}/api/v1/auth/second-factor`, {
    ...{ method: 'POST', token: sessionToken, body: { password } },
  })
  const statement = `update identity.two_factor set verified = true where user_id = $1`
  const switchOn = `update identity."user" set two_factor_enabled = true where id = $1`
  if (isOn) {
    await administer(system.databaseUrl, async (superuser) => {
      await superuser.query(statement, [personId])
      await superuser.query(switchOn, [personId])
    })
  }
  return authenticator(enrolled.body.uri)
}
const correction = ({ tenantId, ticketId }: Things) => `/tickets/${ticketId}/classification?tenant_id=${tenantId}`

const registerKind = (tenantId: string) =>
  asOperator('PUT', `/worker/kinds/custom.render?tenant_id=${tenantId}`, {
    ...{ about: 'Renders', payload_schema: { type: 'object' } },
  })
/** A task that the caller of the test has leased. */
const leased = async ({ tenantId }: Things, { body }: Sample): Promise<Partial<Sample>> => {
  await registerKind(tenantId)
  await asOperator('POST', `/tasks?tenant_id=${tenantId}`, { kind: 'custom.render', payload: {} })
  const asked = { kinds: ['custom.render'], wait_seconds: 0 }
  const { task } = (await asOperator('POST', `/worker/lease?tenant_id=${tenantId}`, asked)) as unknown as {
    task: { task_id: string; fencing: number }
  }
  return { body: { ...body, task_id: task.task_id, fencing: task.fencing } }
}

/** What is needed for a route to succeed whose sample is only well-formed, or is refused as things are. */
const TO_SUCCEED: Record<string, (things: Things, sample: Sample) => Promise<Partial<Sample> | undefined>> = {
  'POST /api/v1/tenants': async (_things, { body }) => ({ body: { ...body, tenant_id: randomUUID() } }),
  'POST /api/v1/invitations/accept': async (things) => {
    const { token } = await invite(things)
    return { body: { token, name: 'Somebody', password } }
  },
  'POST /api/v1/auth/sign-in': async (things) => {
    const { email, token } = await invite(things)
    await asOperator('POST', '/invitations/accept', { token, name: 'Somebody', password })
    return { body: { email, password } }
  },
  'POST /api/v1/auth/token': async ({ tenantId }) => {
    const { email } = await makeAccount(tenantId, make)
    return { body: { grant: 'password', email, password } }
  },
  'POST /api/v1/auth/token/refresh': async ({ tenantId }) => {
    const { email } = await makeAccount(tenantId, make)
    const { refresh_token } = await asOperator('POST', '/auth/token', { grant: 'password', email, password })
    return { body: { refresh_token } }
  },
  'POST /api/v1/auth/second-factor/confirm': async (things) => ({
    body: { code: await (await enrol(things, { isOn: false }))() },
  }),
  'POST /api/v1/auth/second-factor/recovery-codes': async (things) => {
    await enrol(things, { isOn: true })
    return undefined
  },
  'POST /api/v1/auth/second-factor/disable': async (things) => {
    await enrol(things, { isOn: true })
    return undefined
  },
  'POST /api/v1/auth/sign-in/second-factor': async ({ tenantId }) => {
    const account = await makeAccount(tenantId, make)
    const code = await enrol(account, { isOn: true })
    const { challenge } = await asOperator('POST', '/auth/sign-in', { email: account.email, password })
    return { body: { challenge, code: await code() } }
  },
  'POST /api/v1/worker/heartbeat': leased,
  'POST /api/v1/worker/complete': leased,
  'POST /api/v1/worker/fail': leased,
  'DELETE /api/v1/tickets/:ticket_id/classification': async (things) => {
    await asOperator('PATCH', correction(things), { urgency: 'high' })
    return undefined
  },
  'POST /api/v1/cases/:case_id/pack/overrule': async (things, { body }) => {
    await asOperator('POST', `/cases/${things.caseId}/run?tenant_id=${things.tenantId}`)
    return { body: { ...body } }
  },
  'POST /api/v1/cases/:case_id/pack/approve': async ({ tenantId, caseId }) => {
    const at = (path: string) => `/cases/${caseId}/pack${path}?tenant_id=${tenantId}`
    type Pack = { version: number; findings: { document: string; text: string }[] }
    let pack = (await asOperator('GET', at(''))) as unknown as Pack
    for (const { document, text } of pack.findings) {
      pack = (await asOperator('POST', at('/overrule'), { document, text, reason: 'a test' })) as unknown as Pack
    }
    return { body: { version: pack.version } }
  },
  'PUT /api/v1/calendars/:calendar_id': async ({ tenantId, calendarId }, { body }) => {
    const { version } = await asOperator('GET', `/calendars/${calendarId}?tenant_id=${tenantId}`)
    return { body: { ...body, version } }
  },
  'POST /api/v1/auth/reset-password': async ({ tenantId }, { body }) => {
    const { email } = await makeAccount(tenantId, make)
    const { token } = await asOperator('POST', '/operator/password-resets', { email })
    return { body: { ...body, token } }
  },
  'POST /api/v1/auth/confirm-address': async ({ personId }) => {
    const token = `sbv_${randomUUID()}`
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `insert into identity.one_time_token (token_hash, user_id, purpose, expires_at)
         values (sha256($1::text::bytea), $2, 'prove_address', now() + interval '1 day')`,
        [token, personId],
      ),
    )
    return { body: { token } }
  },
  'POST /api/v1/channels/confirm-address': async ({ tenantId }) => {
    const token = `sbc_${randomUUID()}`
    const expires = "now() + interval '1 day'"
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `insert into channel_addresses (tenant_id, address, token_hash, token_expires_at)
         values ($1, $2, sha256($3::text::bytea), ${expires})`,
        [tenantId, `${randomUUID()}@example.com`, token],
      ),
    )
    return { body: { token } }
  },
  'POST /api/v1/ingest/run': async ({ jobId }) => {
    await asOperator('DELETE', `/ingest/${jobId}`)
    return undefined
  },
  'POST /api/v1/ingest/:job_id/confirm-deletions': async ({ tenantId, jobId }) => {
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `insert into ingestion_missing (tenant_id, job_id, external_id, confirmed)
         select tenant_id, $2, external_id, true from tickets where tenant_id = $1`,
        [tenantId, jobId],
      ),
    )
    return undefined
  },
}

const freshThings = async (): Promise<Things> => {
  const tenantId = randomUUID()
  await make.makeTenant(tenantId)
  return makeThings(tenantId, make)
}

const tokenFor = ({ route: { access } }: MountedRoute, { sessionToken }: Things) => {
  if (access === 'public') return {}
  return { token: access === 'person' ? sessionToken : OPERATOR_TOKEN }
}

/** Sends the route's request about these things, again and again. */
async function requestTo(mounted: MountedRoute, things: Things): Promise<(key: string) => Promise<Answer>> {
  const known = sampleOf(mounted, things)
  // What is gone or there already is told by the route itself.
  const changes = await TO_SUCCEED[nameOf(mounted)]?.(things, known).catch(() => undefined)
  const sample = { ...known, ...changes }
  return (key) =>
    call(`${system.url}${addressOf(mounted, sample)}`, {
      ...{ method: mounted.route.method, body: sample.upload ?? sample.body },
      headers: { 'content-type': mounted.route.upload?.[0] ?? 'application/json', 'idempotency-key': key },
      ...tokenFor(mounted, things),
    })
}

/** What it was before, what was answered, and what it is then. */
type Seen = { before: State; answers: Answer[]; after: State; again: () => Promise<Answer> }

/** Sends so many at once with one key, about things that other routes have had, or else about fresh ones. */
async function sendAtOnce(mounted: MountedRoute, count: number, used: Things): Promise<Seen> {
  const about = async (things: Things): Promise<Seen> => {
    const [request, key] = [await requestTo(mounted, things), randomUUID()]
    const before = await stateNow()
    const answers = await Promise.all(Array.from({ length: count }, () => request(key)))
    return { before, answers, after: await stateNow(), again: () => request(key) }
  }
  const seen = await about(used)
  return seen.answers.some(isDone) ? seen : about(await freshThings())
}

/** Written whether somebody asks or not, and where keys are kept. */
const NOT_LOOKED_AT = ['platform.processes', 'idempotency_keys']

type State = Record<string, { rows: number; digest: string }>

/** Every row of every table, and what was called outside. */
async function stateNow(): Promise<State> {
  const state = await administer(system.databaseUrl, async (superuser) => {
    const { rows: tables } = await superuser.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind = 'r'
       and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
    )
    const each = tables
      .filter(({ name }) => !NOT_LOOKED_AT.includes(name))
      .map(({ name }) => {
        const digest = `md5(string_agg(t::text, '' order by t::text))`
        return `select '${name}' as name, count(*)::int as rows, coalesce(${digest}, '') as digest from ${name} as t`
      })
    const { rows } = await superuser.query<{ name: string; rows: number; digest: string }>(each.join(' union all '))
    return Object.fromEntries(rows.map(({ name, ...found }) => [name, found]))
  })
  return { ...state, outside: { rows: await callsOutside(), digest: '' } }
}

/** Rows that requests about different things share: the first of them makes them. */
const SHARED = ['platform.allowances', 'identity.signing_key']

/** How many rows each table has more, where there is a difference. */
const added = (before: State, after: State) =>
  Object.fromEntries(
    Object.entries(after)
      .filter(([name]) => !SHARED.includes(name))
      .map(([name, { rows }]) => [name, rows - (before[name]?.rows ?? 0)] as const)
      .filter(([, more]) => more !== 0)
      .toSorted(([a], [b]) => a.localeCompare(b)),
  )
const changed = (before: State, after: State) =>
  Object.keys(after).filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]))

const isDone = ({ status, headers }: Answer) => status < 300 && headers.get('idempotent-replay') === null
const isReplayOf = (first: Answer, answer: Answer) =>
  answer.headers.get('idempotent-replay') === 'true' && answer.status === first.status && answer.text === first.text
const isToldWhy = ({ status, body }: Answer, codes: readonly string[]) =>
  status === 409 && codes.includes(String(body.code))
/** What ends the session that it was asked with ends the right to ask again. */
const ENDS_ITS_SESSION = [
  'POST /api/v1/auth/sign-out-everywhere',
  'POST /api/v1/auth/change-password',
  'POST /api/v1/auth/second-factor/confirm',
  'POST /api/v1/auth/second-factor/disable',
  'DELETE /api/v1/auth/sessions/:session_id',
]
const isSignedOut = (mounted: MountedRoute, { status }: Answer) =>
  status === 401 && ENDS_ITS_SESSION.includes(nameOf(mounted))
const tell = ({ status, text }: Answer) => `${status} ${text.slice(0, 200)}`

const unsafe = () => system.routes.filter(({ route }) => !SAFE.includes(route.method))

/** What is wrong with what a route did under one key. */
async function complaints(mounted: MountedRoute, [some, others]: readonly [Things, Things]): Promise<string[]> {
  const alone = await sendAtOnce(mounted, 1, some)
  const [first] = alone.answers as [Answer]
  if (!isDone(first)) return [`was not carried out: ${tell(first)}`]
  const wrong: string[] = []
  const second = await alone.again()
  const isTold = isToldWhy(second, ['idempotency.answer_not_kept']) || isSignedOut(mounted, second)
  if (!isReplayOf(first, second) && !isTold) wrong.push(`the repeat was answered ${tell(second)}`)
  const differing = changed(alone.after, await stateNow())
  if (differing.length > 0) wrong.push(`the repeat changed ${differing.join(', ')}`)

  const together = await sendAtOnce(mounted, AT_ONCE, others)
  const done = together.answers.filter(isDone)
  if (done.length !== 1) wrong.push(`${done.length} of ${AT_ONCE} at once were carried out`)
  for (const answer of together.answers.filter((each) => !isDone(each))) {
    const isRepeat = done[0] !== undefined && isReplayOf(done[0], answer)
    const codes = ['idempotency.in_flight', 'idempotency.answer_not_kept']
    if (!isRepeat && !isToldWhy(answer, codes) && !isSignedOut(mounted, answer))
      wrong.push(`one at the same time was answered ${tell(answer)}`)
  }
  const [once, atOnce] = [alone, together].map(({ before, after }) => JSON.stringify(added(before, after)))
  if (once !== atOnce) wrong.push(`alone it adds ${once}, at the same time ${atOnce}`)
  return wrong
}

describe('the same Idempotency-Key, whatever the route', () => {
  it('has one effect: one after the other, and at the same time', async () => {
    const things = [await freshThings(), await freshThings()] as const
    const wrong: string[] = []
    // What deletes comes last: until then all are about the same things.
    const isLast = ({ route }: MountedRoute) => Number(route.method === 'DELETE')
    for (const mounted of unsafe().toSorted((a, b) => isLast(a) - isLast(b))) {
      const found = await complaints(mounted, things)
      wrong.push(...found.map((complaint) => `${nameOf(mounted)}: ${complaint}`))
    }
    expect(wrong).toEqual([])
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import type { MountedRoute } from '../../src/platform/http/index.ts'
import { type Answer, call } from '../harness/call.ts'
import { factories, type Member } from '../harness/factories.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'
import { type BadRequest, badKeys, badRequests, boundless } from './bad-requests.ts'
import { makeThings, nameOf, sampleOf, type Things } from './samples.ts'

const system = testSystem({
  SIGNALBOX_ROLES: 'api',
  REQUESTS_PER_MINUTE: '1000000',
  OUTBOUND_PRIVATE_HOSTS: '127.0.0.1',
})
const make = factories(system)

let things: Things
let owner: Member
beforeAll(async () => {
  await make.makeTenant('alder')
  things = await makeThings('alder', make)
  owner = await make.makePerson('alder', 'owner')
})

function tokenFor({ route: { access } }: MountedRoute): string | undefined {
  if (access === 'public') return undefined
  return access === 'operator' ? OPERATOR_TOKEN : owner.token
}

/** The number of rows of every table of the database, whoever it belongs to. */
async function rowCounts(): Promise<Record<string, number>> {
  return administer(system.databaseUrl, async (superuser) => {
    const { rows } = await superuser.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind = 'r'
       and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
    )
    const counts: Record<string, number> = {}
    for (const { name } of rows) {
      const counted = await superuser.query<{ count: number }>(`select count(*)::int as count from ${name}`)
      counts[name] = counted.rows[0]?.count ?? 0
    }
    return counts
  })
}

/** What is wrong with the answer to a bad request; nothing when it is refused as it should be. */
function complaints(bad: BadRequest, { status, headers, body }: Answer): string[] {
  const errors = (body.errors ?? []) as { in?: string; field?: string; message?: string }[]
  const isAbout = ({ field = '' }: { field?: string }) => field === bad.field || field.startsWith(`${bad.field}.`)
  return [
    ...(bad.status.includes(status) ? [] : [`${status} instead of ${bad.status.join(' or ')}`]),
    ...(headers.get('content-type')?.startsWith('application/problem+json') ? [] : ['not a problem document']),
    ...['type', 'title', 'detail', 'code', 'request_id'].filter(
      (name) => typeof body[name] !== 'string' || body[name] === '',
    ),
    ...(body.type === `/errors/${String(body.code)}` ? [] : [`type ${String(body.type)}`]),
    ...(status === 422 && errors.length === 0 ? ['names no field'] : []),
    ...(status === 422 && bad.field !== undefined && !errors.some(isAbout)
      ? [`does not name ${bad.field} but ${JSON.stringify(errors)}`]
      : []),
    ...errors
      .filter((error) => !error.in || !error.field || !error.message)
      .map(() => 'an error without place or message'),
  ]
}

/** Sends them all and lists what was not refused as it should be. */
async function wrongAnswers(badOf: (mounted: MountedRoute) => BadRequest[]): Promise<string[]> {
  const wrong: string[] = []
  let sent = 0
  for (const mounted of system.routes) {
    for (const bad of badOf(mounted)) {
      const token = tokenFor(mounted)
      const answer = await call(`${system.url}${bad.address}`, {
        method: mounted.route.method,
        ...(token === undefined ? {} : { token }),
        ...(bad.body ? { body: bad.body } : {}),
        headers: bad.headers ?? {},
      })
      sent += 1
      const found = complaints(bad, answer)
      if (found.length > 0) wrong.push(`${nameOf(mounted)}: ${bad.what.slice(0, 80)}: ${found.join(', ')}`)
    }
  }
  expect(sent).toBeGreaterThan(0)
  return wrong
}

describe('bad input', () => {
  it('is refused by every route, says what is wrong with which field, and leaves nothing behind', async () => {
    const before = await rowCounts()
    expect(await wrongAnswers((mounted) => badRequests(mounted, sampleOf(mounted, things)))).toEqual([])
    expect(await rowCounts()).toEqual(before)
  })

  it('in an Idempotency-Key is refused before anything is done', async () => {
    const before = await rowCounts()
    expect(await wrongAnswers((mounted) => badKeys(mounted, sampleOf(mounted, things)))).toEqual([])
    expect(await rowCounts()).toEqual(before)
  })
})

describe('every field', () => {
  it('says how long it may be', () => {
    const without = system.routes.flatMap((mounted) => boundless(mounted).map((name) => `${nameOf(mounted)}: ${name}`))
    expect(without).toEqual([])
  })
})

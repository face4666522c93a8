import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { permissions } from '../../src/modules.ts'
import { API_PREFIX, type MountedRoute } from '../../src/platform/http/index.ts'
import { type Answer, call } from '../harness/call.ts'
import { factories, type Member, type Role } from '../harness/factories.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'
import {
  addressOf,
  makeAccount,
  makeThings,
  nameOf,
  type Sample,
  sampleOf,
  staleSamples,
  type Things,
  thingParameters,
} from './samples.ts'

/** Open to everybody, on purpose. A route that is not in this list and needs no credentials fails. */
const PUBLIC = [
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'GET /errors/:code',
  'GET /api/v1/link',
  'POST /api/v1/channels/confirm-address',
  'POST /api/v1/auth/sign-in',
  'POST /api/v1/auth/token',
  'POST /api/v1/auth/token/refresh',
  'POST /api/v1/auth/token/revoke',
  'GET /api/v1/.well-known/jwks.json',
  'POST /api/v1/auth/sign-in/second-factor',
  'POST /api/v1/auth/forgot-password',
  'POST /api/v1/auth/reset-password',
  'POST /api/v1/invitations/accept',
]

const ROLES: readonly Role[] = ['viewer', 'agent', 'manager', 'owner']
const ALL = Object.keys(permissions)
const least = new Map<string, Role>(Object.entries(permissions))

const system = testSystem({
  SIGNALBOX_ROLES: 'api',
  REQUESTS_PER_MINUTE: '1000000',
  OUTBOUND_PRIVATE_HOSTS: '127.0.0.1',
})
const make = factories(system)

let ours: Things
let theirs: Things
let members: Record<Role, Member>
let stranger: Member
let keys: { ours: string; theirs: string }
/** Of our tenant, with every permission but one. */
const keysWithout = new Map<string, string>()

beforeAll(async () => {
  await Promise.all([make.makeTenant('ours'), make.makeTenant('theirs')])
  ;[ours, theirs] = await Promise.all([makeThings('ours', make), makeThings('theirs', make)])
  const people = await Promise.all(ROLES.map(async (role) => [role, await make.makePerson('ours', role)] as const))
  members = Object.fromEntries(people) as Record<Role, Member>
  stranger = await make.makePerson('theirs', 'owner')
  keys = { ours: (await make.makeKey('ours', ALL)).secret, theirs: (await make.makeKey('theirs', ALL)).secret }
  for (const permission of ALL) {
    const others = ALL.filter((other) => other !== permission)
    keysWithout.set(permission, (await make.makeKey('ours', others)).secret)
  }
})

/** Announces JSON also where there is none, as many clients do with everything they send. */
const send = (mounted: MountedRoute, sample: Sample, token?: string, method: string = mounted.route.method) =>
  call(`${system.url}${addressOf(mounted, sample)}`, {
    ...{ method, body: sample.upload ?? sample.body },
    headers: { 'content-type': mounted.route.upload?.[0] ?? 'application/json' },
    ...(token === undefined ? {} : { token }),
  })

/** Sends what `attempt` says for each route and lists the answers that are not `expected`. */
async function refusals(
  routes: readonly MountedRoute[],
  expected: { status: number; code?: string },
  attempt: (mounted: MountedRoute) => Promise<Answer>,
): Promise<string[]> {
  // An empty list would prove nothing.
  expect(routes).not.toEqual([])
  const wrong: string[] = []
  for (const mounted of routes) {
    const answer = await attempt(mounted)
    const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json')
    const isExpected = answer.status === expected.status && (!expected.code || answer.body.code === expected.code)
    if (!isExpected || !isProblem) wrong.push(`${nameOf(mounted)}: ${answer.status} ${answer.text}`)
  }
  return wrong
}

/** Of somebody who may not call: it does not matter what is asked for. */
const NOTHING: Sample = {}

const closed = () => system.routes.filter(({ route }) => route.access !== 'public')
const ofTenants = () => closed().filter(({ route }) => least.has(route.access))
const ofPeople = () => closed().filter(({ route }) => route.access === 'person')
const ofOperator = () => closed().filter(({ route }) => route.access === 'operator')
/** Each tenant has names of its own: under one of somebody else's it makes its own thing. */
const MADE_BY_NAME = ['PUT /api/v1/worker/kinds/:kind']
const aboutThings = () =>
  ofTenants().filter((mounted) => thingParameters(mounted).length > 0 && !MADE_BY_NAME.includes(nameOf(mounted)))
const byName = () => ofTenants().filter(({ route }) => route.tenant === 'query' || route.tenant === 'path')

describe('the route table', () => {
  it('has a sample for every route and none for others', () => {
    for (const mounted of system.routes) sampleOf(mounted, ours)
    expect(staleSamples(system.routes)).toEqual([])
  })

  it('is open to everybody only where that is meant', () => {
    const open = system.routes.filter(({ route }) => route.access === 'public').map(nameOf)
    expect(open.toSorted()).toEqual(PUBLIC.toSorted())
  })
})

describe('a path without the prefix', () => {
  it('answers like the one with it, whichever route it is', async () => {
    const differing: unknown[] = []
    for (const { url, route } of system.routes.filter(({ url }) => url.startsWith(API_PREFIX))) {
      const short = { url: url.slice(API_PREFIX.length), route }
      const [long, brief] = [await send({ url, route }, NOTHING), await send(short, NOTHING)]
      if (brief.status === 404 || brief.body.code !== long.body.code) differing.push([nameOf(short), brief.body.code])
    }
    expect(differing).toEqual([])
  })
})

describe('nobody in particular', () => {
  it.each([
    ['without credentials', undefined],
    ['with a token that means nothing', 'garbage'],
    ['with a key that nobody made', `sbk_${'x'.repeat(43)}`],
    [
      'with a session that nobody opened',
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb=',
    ],
  ])('%s gets 401 from every route that is not public', async (_what, token) => {
    const answers = await refusals(closed(), { status: 401, code: 'http.unauthenticated' }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), token),
    )
    expect(answers).toEqual([])
  })

  it('learns nothing through HEAD either', async () => {
    const readable = closed().filter(({ route }) => route.method === 'GET')
    for (const mounted of readable) {
      expect([nameOf(mounted), (await send(mounted, sampleOf(mounted, ours), undefined, 'HEAD')).status]).toEqual([
        ...[nameOf(mounted), 401],
      ])
    }
  })
})

describe('another tenant', () => {
  it.each([
    ['its owner', () => stranger.token],
    ['its API key with every permission', () => keys.theirs],
  ])('%s gets 404 from every route about ours', async (_who, token) => {
    const answers = await refusals(ofTenants(), { status: 404 }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), token()),
    )
    expect(answers).toEqual([])
  })

  it('looks to us like a tenant that does not exist', async () => {
    const there = { ...ours, tenantId: 'theirs' }
    const nowhere = { ...ours, tenantId: 'nowhere' }
    for (const mounted of byName()) {
      for (const token of [members.owner.token, keys.ours]) {
        const [a, b] = [
          await send(mounted, sampleOf(mounted, there), token),
          await send(mounted, sampleOf(mounted, nowhere), token),
        ]
        expect([nameOf(mounted), withoutId(a)]).toEqual([nameOf(mounted), withoutId(b)])
        expect(a.status).toBe(404)
      }
    }
  })
})

/** An answer without what differs from request to request. */
function withoutId({ status, body, headers }: Answer) {
  const kept = Object.fromEntries(headers)
  for (const name of ['x-request-id', 'date', 'content-length']) delete kept[name]
  return { status, headers: kept, body: { ...body, request_id: null } }
}

describe('another tenant’s thing', () => {
  it.each([
    ['our owner', () => members.owner.token],
    ['our API key with every permission', () => keys.ours],
  ])('looks to %s like a thing that does not exist', async (_who, token) => {
    const missing = Object.fromEntries(Object.keys(ours).map((name) => [name, randomUUID()])) as Things
    const differing: unknown[] = []
    for (const mounted of aboutThings()) {
      const real = await send(mounted, sampleOf(mounted, { ...theirs, tenantId: 'ours' }), token())
      const none = await send(mounted, sampleOf(mounted, { ...missing, tenantId: 'ours' }), token())
      const isSame = JSON.stringify(withoutId(real)) === JSON.stringify(withoutId(none))
      const isProblem = real.headers.get('content-type')?.startsWith('application/problem+json')
      if (!isSame || real.status !== 404 || !isProblem)
        differing.push([nameOf(mounted), withoutId(real), withoutId(none)])
    }
    expect(aboutThings()).not.toEqual([])
    expect(differing).toEqual([])
  })
})

describe('too little permission', () => {
  it('is 403 for a key of the tenant that has every permission but the one', async () => {
    const answers = await refusals(ofTenants(), { status: 403, code: 'http.forbidden' }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), keysWithout.get(mounted.route.access)),
    )
    expect(answers).toEqual([])
  })

  it.each(ROLES.slice(0, -1))('is 403 where the least role is above %s', async (role) => {
    const above = ofTenants().filter(({ route: { access } }) => {
      return ROLES.indexOf(least.get(access) ?? 'viewer') > ROLES.indexOf(role)
    })
    const answers = await refusals(above, { status: 403, code: 'http.forbidden' }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), members[role].token),
    )
    expect(answers).toEqual([])
  })

  it.each([
    ['an owner', () => members.owner.token],
    ['a key with every permission', () => keys.ours],
  ])('is 403 for %s where the operator is asked for', async (_who, token) => {
    const answers = await refusals(ofOperator(), { status: 403, code: 'http.forbidden' }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), token()),
    )
    expect(answers).toEqual([])
  })
})

describe('routes about an account', () => {
  it.each([
    ['a key with every permission', () => keys.ours],
    ['the operator', () => OPERATOR_TOKEN],
  ])('are 403 for %s, who has none', async (_who, token) => {
    const answers = await refusals(ofPeople(), { status: 403, code: 'http.forbidden' }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), token()),
    )
    expect(answers).toEqual([])
  })

  it('are never about somebody else’s: their session is 404', async () => {
    const about = ofPeople().filter((mounted) => thingParameters(mounted).length > 0)
    const answers = await refusals(about, { status: 404 }, (mounted) =>
      send(mounted, sampleOf(mounted, ours), stranger.token),
    )
    expect(answers).toEqual([])
  })
})

/** After everything else: these requests change things. */
describe('enough permission', () => {
  const REFUSED = [400, 401, 403, 404, 413, 415, 422]
  const accepted = async (routes: readonly MountedRoute[], tokenFor: (mounted: MountedRoute) => string) => {
    const wrong: string[] = []
    for (const mounted of routes) {
      const answer = await send(mounted, sampleOf(mounted, ours), tokenFor(mounted))
      const isRefused = REFUSED.includes(answer.status) || answer.status >= 500
      if (isRefused) wrong.push(`${nameOf(mounted)}: ${answer.status} ${answer.text}`)
    }
    return wrong
  }

  it('is the least role that has it, for every route that reads', async () => {
    const reading = ofTenants().filter(({ route }) => route.method === 'GET')
    expect(await accepted(reading, ({ route }) => members[least.get(route.access) ?? 'owner'].token)).toEqual([])
  })

  it('is the operator’s token, for every other route', async () => {
    const people = new Set(ofPeople())
    const others = closed().filter(
      (mounted) => !people.has(mounted) && (mounted.route.method !== 'GET' || !least.has(mounted.route.access)),
    )
    expect(await accepted(others, () => OPERATOR_TOKEN)).toEqual([])
  })

  it('is a session, for every route about an account', async () => {
    const wrong: string[] = []
    for (const mounted of ofPeople()) {
      // One each: some of them end the sessions of whoever calls.
      const account = await makeAccount('ours', make)
      const answer = await send(mounted, sampleOf(mounted, { ...ours, ...account }), account.sessionToken)
      // A made-up code is refused for what it is.
      const isLetIn = !REFUSED.includes(answer.status) || answer.body.code === 'tenancy.code_wrong'
      if (!isLetIn || answer.status >= 500) wrong.push(`${nameOf(mounted)}: ${answer.status} ${answer.text}`)
    }
    expect(wrong).toEqual([])
  })
})

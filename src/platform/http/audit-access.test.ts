import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testApp } from '../../../test/harness/app.ts'
import { auditAccess } from './audit-access.ts'
import { accessComplaint, platformRoute, type Route, reply, tenantRoute } from './index.ts'

const app = testApp([])
const PERMISSIONS = new Set(['thing.read'])

const open = platformRoute({
  ...{ operationId: 'getOpen', method: 'GET', path: '/open', tag: 'Things', summary: 'Open', access: 'public' },
  responses: { 200: z.null() },
  handle: async () => reply(200, null),
})

/** A route as it would look if somebody got around the types. */
const without = (field: 'access' | 'operationId', route: Route): Route => {
  const { [field]: _, ...rest } = route
  return rest as Route
}

describe('a server', () => {
  it('boots with routes that all declare who may call them', async () => {
    await app.start({ routes: [open] })
  })

  it.each([
    ['declares no access', without('access', open), 'GET /api/v1/open declares no access.'],
    [
      'asks for a permission that no role grants',
      tenantRoute({ ...open, access: 'thing.destroy', tenant: 'query' } as Parameters<typeof tenantRoute>[0]),
      'GET /api/v1/open asks for the permission thing.destroy, which no role grants.',
    ],
    [
      'has no name',
      without('operationId', { ...open, path: '/other' } as Route),
      'GET /api/v1/other has no operationId that names its use case, as listTickets does.',
    ],
    [
      'has the name of another one',
      { ...open, path: '/other' } as Route,
      'GET /api/v1/other has the operationId getOpen, which GET /api/v1/open has too.',
    ],
  ])('does not boot with a route that %s', async (_what, route, complaint) => {
    await expect(app.start({ routes: [open, route] })).rejects.toThrow(complaint)
  })

  it('does not boot with a root route that declares no access', async () => {
    await expect(app.start({ rootRoutes: [without('access', open)] })).rejects.toThrow('GET /open declares no access.')
  })

  it.each(['/naked', '/docs-of-mine', '/openapi.json.bak'])(
    'refuses %s, which is mounted around the declaration',
    (url) => {
      const bare = fastify()
      auditAccess(bare, PERMISSIONS)
      expect(() => bare.get(url, async () => 'naked')).toThrow(
        `${url} declares no access. Mount it as a declared route.`,
      )
    },
  )
})

describe('the complaint about a route', () => {
  it.each([
    { access: 'public', tenant: undefined, complaint: null },
    { access: 'signed-in', tenant: undefined, complaint: null },
    { access: 'operator', tenant: undefined, complaint: null },
    { access: 'thing.read', tenant: 'query', complaint: null },
    { access: 'public', tenant: 'query', complaint: 'is about a tenant but open to public.' },
    { access: 'person', tenant: undefined, complaint: null },
    { access: 'person', tenant: 'path', complaint: 'is about a tenant but open to person.' },
    { access: 'signed-in', tenant: 'path', complaint: 'is about a tenant but open to signed-in.' },
    { access: 'thing.read', tenant: undefined, complaint: 'asks for thing.read but does not say in which tenant.' },
    { access: 'thing.write', tenant: 'query', complaint: 'asks for the permission thing.write, which no role grants.' },
  ] as const)('with access $access and tenant $tenant is: $complaint', ({ complaint, ...route }) => {
    expect(accessComplaint(route as Pick<Route, 'access' | 'tenant'>, PERMISSIONS)).toBe(complaint)
  })
})

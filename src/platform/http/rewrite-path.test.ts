import { describe, expect, it } from 'vitest'
import { pathRewriter } from './rewrite-path.ts'

const routes = [{ path: '/tickets' }, { path: '/tickets/:ticket_id' }, { path: '/api-keys/:id' }] as const
const rootRoutes = [{ path: '/health' }, { path: '/health/ready' }, { path: '/errors/:code' }] as const
const rewritePath = pathRewriter('/api/v1', routes, rootRoutes)

it.each([
  ['/tickets', '/api/v1/tickets'],
  ['/tickets?tenant_id=alder', '/api/v1/tickets?tenant_id=alder'],
  ['/tickets/7?tenant_id=alder', '/api/v1/tickets/7?tenant_id=alder'],
  ['/api-keys/7', '/api/v1/api-keys/7'],
])('%s answers as %s', (asked, served) => {
  expect(rewritePath(asked)).toBe(served)
})

it.each([
  '/',
  '',
  '/api/v1/tickets',
  '/health/ready',
  '/metrics',
  '/docs/tickets',
  '/openapi.json',
  '/app/tickets',
  '/ticketsandmore',
  '/tickets.json',
  '/x/tickets',
  '//tickets',
  '/TICKETS',
  '?/tickets',
])('%s stays as it is', (asked) => {
  expect(rewritePath(asked)).toBe(asked)
})

describe('a path of the API that begins like something at the root', () => {
  it.each(['/health', '/errors/of/imports', '/app', '/docs', '/api/keys'] as const)('%s does not boot', (path) => {
    expect(() => pathRewriter('/api/v1', [{ path }], rootRoutes)).toThrow('would hide')
  })
})

import { expect, it } from 'vitest'
import { rewritePath } from './index.ts'

it.each([
  ['/tickets', '/api/v1/tickets'],
  ['/tickets?tenant_id=alder', '/api/v1/tickets?tenant_id=alder'],
  ['/tickets/7?tenant_id=alder', '/api/v1/tickets/7?tenant_id=alder'],
  ['/tenants/alder/members', '/api/v1/tenants/alder/members'],
  ['/ingest/run', '/api/v1/ingest/run'],
  ['/circuit/provider/status', '/api/v1/circuit/provider/status'],
  ['/circuits', '/api/v1/circuits'],
  ['/tasks', '/api/v1/tasks'],
])('%s answers as %s', (asked, served) => {
  expect(rewritePath(asked)).toBe(served)
})

it.each([
  '/',
  '/api/v1/tickets',
  '/health/ready',
  '/metrics',
  '/docs/tickets',
  '/openapi.json',
  '/ticketsandmore',
  '/tickets.json',
  '/x/tickets',
  '//tickets',
  '/TICKETS',
  '?/tickets',
])('%s stays as it is', (asked) => {
  expect(rewritePath(asked)).toBe(asked)
})

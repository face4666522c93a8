import { describe, expect, it } from 'vitest'
import { isTenantId, tenantId } from './tenant-id.ts'

describe('a tenant id', () => {
  it.each(['a', 'tenant_a', '0-9_z', 'x'.repeat(63)])('may be %s', (text) => {
    expect(isTenantId(text)).toBe(true)
    expect(tenantId(text)).toBe(text)
  })

  it.each(['', '_a', '-a', 'Tenant', 'a b', 'a\n', 'ä', 'a/b', '..', 'x'.repeat(64), "a'; --"])(
    'may not be %j',
    (text) => {
      expect(isTenantId(text)).toBe(false)
      expect(() => tenantId(text)).toThrow('Not a tenant id')
    },
  )

  it('is a text', () => {
    for (const value of [null, undefined, 7, ['tenant_a'], {}]) expect(isTenantId(value)).toBe(false)
  })
})

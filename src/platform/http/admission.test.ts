import { describe, expect, it } from 'vitest'
import { openAdmission } from './admission.ts'

/** How many of so many requests are let in. */
const letIn = (admission: ReturnType<typeof openAdmission>, count: number, tenant: string, key = 'key') =>
  Array.from({ length: count }, () => admission.admit({ tenant, key })).filter((leave) => leave !== undefined)

describe('the requests under way', () => {
  it('of a tenant alone are twenty for each connection, and one more for each that ends', () => {
    const admission = openAdmission(6)
    const [first] = letIn(admission, 300, 'flood')
    expect(admission.underWay({ tenant: 'flood', key: 'key' })).toBe(120)
    first?.()
    first?.()
    expect(letIn(admission, 10, 'flood')).toHaveLength(1)
  })

  it('of whoever comes later are let in, however many there are of another', () => {
    const admission = openAdmission(6)
    letIn(admission, 300, 'flood')
    expect(letIn(admission, 60, 'quiet')).toHaveLength(60)
    expect(letIn(admission, 1, 'quiet')).toHaveLength(0)
    expect(letIn(admission, 40, 'third')).toHaveLength(40)
  })

  it('of one key leave room for the others of its tenant', () => {
    const admission = openAdmission(6)
    letIn(admission, 300, 'tenant', 'busy')
    expect(letIn(admission, 100, 'tenant', 'calm')).toHaveLength(60)
  })

  it('are bounded also of a tenant with keys without number, and of tenants without number', () => {
    const oneTenant = openAdmission(1)
    expect(
      Array.from({ length: 500 }, (_, n) => oneTenant.admit({ tenant: 'a', key: `${n}` })).filter(Boolean),
    ).toHaveLength(80)
    const all = openAdmission(1)
    expect(Array.from({ length: 500 }, (_, n) => all.admit({ tenant: `${n}`, key: '' })).filter(Boolean)).toHaveLength(
      80,
    )
  })

  it('leave nothing behind when they have ended', () => {
    const admission = openAdmission(1)
    for (const leave of letIn(admission, 20, 'a')) leave?.()
    expect(letIn(admission, 30, 'b')).toHaveLength(20)
  })
})

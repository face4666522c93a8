import { expect, test } from 'vitest'
import { compileAssignments } from './assign.ts'
import { defaultPolicy } from './default-policy.ts'
import { readPolicy } from './read-policy.ts'

function assigning(assignments: object[]) {
  const rules = [{ name: 'a', targets: { resolution: 60 } }]
  const result = readPolicy({ rules, assignments }, new Set())
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return compileAssignments(result.policy)
}
const NOTHING = { subject: '', message: '' }

const assign = assigning([
  { name: 'outage', when: { keyword: ['System down', 'Störung', 'c++'] }, set: { priority: 'critical' } },
  { name: 'big', when: { customer: ['ACME Corp', 'globex'] }, set: { tier: 'enterprise' } },
  { name: 'vip', when: { customer: 'acme corp', tag: ['vip'] }, set: { tier: 'business', priority: 'high' } },
  { name: 'rest', set: { priority: 'low' } },
])

test('of priority and tier each is what the first assignment says that fits', () => {
  expect(assign({ customer: 'Acme corp', tag: ['VIP', 'x'] }, NOTHING)).toEqual({
    priority: 'high',
    tier: 'enterprise',
  })
  expect(assign({ customer: 'globex' }, NOTHING)).toEqual({ priority: 'low', tier: 'enterprise' })
  expect(assign({ customer: null }, NOTHING)).toEqual({ priority: 'low', tier: null })
})

test.each([
  ['The SYSTEM\n  down again!', 'critical'],
  ['Große Störung, bitte', 'critical'],
  ['system downtime', 'low'],
  ['my system: down', 'critical'],
  ['', 'low'],
])('the keyword is found in “%s” as whole words: %s', (message, priority) => {
  expect(assign({}, { subject: '', message }).priority).toBe(priority)
  expect(assign({}, { subject: message, message: 'x' }).priority).toBe(priority)
})

test('words past the first 20,000 characters decide nothing', () => {
  expect(assign({}, { subject: '', message: `${'x '.repeat(9_980)} system down` }).priority).toBe('critical')
  expect(assign({}, { subject: '', message: `${'x '.repeat(10_000)} system down` }).priority).toBe('low')
})

test('as shipped every ticket gets a tier, and a priority by its urgency', () => {
  const shipped = compileAssignments(defaultPolicy())
  const of = (urgency: string | null) => shipped({ urgency }, NOTHING)
  expect([of('high'), of('medium'), of('low'), of(null)]).toEqual([
    { priority: 'high', tier: 'standard' },
    { priority: 'medium', tier: 'standard' },
    { priority: 'low', tier: 'standard' },
    { priority: 'medium', tier: 'standard' },
  ])
})

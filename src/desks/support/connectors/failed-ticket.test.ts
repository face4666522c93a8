import { expect, it } from 'vitest'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { readTickets } from './read-ticket.ts'

/** Parsed without trouble, and too deep to be written again. */
const deep = () => JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)

it.each<[string, Record<string, unknown>]>([
  ['an id that cannot be turned into a text', { id: { toString: null } }],
  ['a list for an id', { id: [] }],
  ['an extra that is nested too deeply to be kept', { id: 'e-1', extra: deep() }],
  ['nothing', {}],
])('a ticket with %s is set aside and costs no other its page', (_, fields) => {
  const { tickets, failed } = readTickets([{ tenant_id: 'a', ...fields }], tenantId('a'))
  expect(tickets).toEqual([])
  expect(failed).toMatchObject([{ id: fields.id === 'e-1' ? 'e-1' : '', reason: expect.stringContaining(':') }])
})

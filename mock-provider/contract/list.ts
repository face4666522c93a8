import { describe, expect, it } from 'vitest'
import { FIELDS, idsOf, LIST, useProvider } from './client.ts'
import type { StartProvider } from './under-contract.ts'

/** How the list is paged, ordered and asked. */
export function describeTicketList(start: StartProvider): void {
  describe('the ticket list', () => {
    const client = useProvider(start, { rateLimited: false })

    it('gives 50 tickets of nine texts and the number of the next page', async () => {
      const first = await client.page()
      expect(Object.keys(first).sort()).toEqual(['next_page', 'tickets', 'total_count'])
      expect(first).toMatchObject({ next_page: 2, total_count: 9_500 })
      expect(first.tickets).toHaveLength(50)
      for (const ticket of first.tickets) {
        expect(Object.keys(ticket).sort()).toEqual([...FIELDS].sort())
        expect(Object.values(ticket).every((value) => typeof value === 'string')).toBe(true)
      }
    })

    it('ends with a short page whose next_page is null', async () => {
      expect(await client.page('?page=95&page_size=100')).toMatchObject({ next_page: null })
      const last = await client.page('?page=136&page_size=70')
      expect(last.tickets).toHaveLength(50)
      expect(last.next_page).toBeNull()
    })

    it('answers a page past the end with 200 and nothing in it', async () => {
      const past = await client.get(`${LIST}?page=100000&page_size=100`)
      expect(past.status).toBe(200)
      expect(past.body).toEqual({ tickets: [], next_page: null, total_count: 9_500 })
    })

    it('shows every visible ticket once over all pages, oldest first, and all tenants to everyone', async () => {
      const { tickets, totalCount } = await client.walk()
      expect(tickets).toHaveLength(totalCount)
      expect(new Set(idsOf(tickets)).size).toBe(9_500)
      const times = tickets.map((ticket) => ticket.created_at ?? '')
      expect(times).toEqual([...times].sort())
      expect([...new Set(tickets.map((ticket) => ticket.tenant_id))].sort()).toEqual(
        ['a', 'b', 'c', 'd'].map((letter) => `tenant_${letter}`),
      )
    })

    it('keeps its order from one call to the next', async () => {
      expect(idsOf((await client.page('?page=3')).tickets)).toEqual(idsOf((await client.page('?page=3')).tickets))
    })

    it('ignores parameters it does not know, tenant_id among them', async () => {
      const filtered = await client.page('?tenant_id=tenant_a&status=open&sort=desc')
      expect(filtered.total_count).toBe(9_500)
      expect(idsOf(filtered.tickets)).toEqual(idsOf((await client.page()).tickets))
    })

    it('takes the last of a repeated parameter', async () => {
      expect((await client.page('?page_size=10&page_size=20')).tickets).toHaveLength(20)
    })

    it.each(['true', '1', 'YES', 'on', 't'])('reads include_deleted=%s as true', async (word) => {
      expect((await client.page(`?include_deleted=${word}`)).total_count).toBe(10_000)
    })

    const atLeast = 'Input should be greater than or equal to 1'
    const atMost = 'Input should be less than or equal to 100'
    const noInteger = 'Input should be a valid integer, unable to parse string as an integer'
    const noBoolean = 'Input should be a valid boolean, unable to interpret input'
    it.each([
      ['page', '0', { type: 'greater_than_equal', msg: atLeast, ctx: { ge: 1 } }],
      ['page', '-3', { type: 'greater_than_equal', msg: atLeast, ctx: { ge: 1 } }],
      ['page', 'two', { type: 'int_parsing', msg: noInteger }],
      ['page', '', { type: 'int_parsing', msg: noInteger }],
      ['page', '1.5', { type: 'int_parsing', msg: noInteger }],
      ['page_size', '0', { type: 'greater_than_equal', msg: atLeast, ctx: { ge: 1 } }],
      ['page_size', '101', { type: 'less_than_equal', msg: atMost, ctx: { le: 100 } }],
      ['include_deleted', 'maybe', { type: 'bool_parsing', msg: noBoolean }],
    ])('422 for %s=%s, naming the parameter, the bound and the input', async (parameter, input, problem) => {
      const refused = await client.get(`${LIST}?${parameter}=${input}`)
      expect(refused.status).toBe(422)
      expect(refused.body).toEqual({ detail: [{ ...problem, loc: ['query', parameter], input }] })
    })

    it('422 lists every parameter that is wrong', async () => {
      const { body } = await client.get(`${LIST}?page=0&page_size=x`)
      expect((body as { detail: { loc: string[] }[] }).detail.map((problem) => problem.loc[1])).toEqual([
        'page',
        'page_size',
      ])
    })
  })
}

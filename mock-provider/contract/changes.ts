import { describe, expect, it } from 'vitest'
import { FIELDS, idsOf, LIST, type Ticket, useProvider } from './client.ts'
import type { StartProvider } from './under-contract.ts'

/** How deleted and modified tickets show, and where they do not. */
export function describeChanges(start: StartProvider): void {
  describe('deleted tickets', () => {
    const client = useProvider(start, { rateLimited: false })

    it('are those missing from the normal list, and carry no marker when they are included', async () => {
      const visible = await client.walk()
      const all = await client.walk('&include_deleted=true')
      expect(all.totalCount).toBe(10_000)
      expect(all.tickets.every((ticket) => Object.keys(ticket).length === FIELDS.length)).toBe(true)
      const seen = new Set(idsOf(visible.tickets))
      const missing = idsOf(all.tickets).filter((id) => !seen.has(id))
      expect(missing.sort()).toEqual((await client.deletedIds()).sort())
      expect(missing).toHaveLength(500)
    })

    it('are 404 "Ticket deleted" by themselves, and 404 "Ticket not found" is for ids that never were', async () => {
      const [deleted] = await client.deletedIds()
      expect(await client.get(`${LIST}/${deleted}`)).toMatchObject({ status: 404, body: { detail: 'Ticket deleted' } })
      expect(await client.get(`${LIST}/ext-0`)).toMatchObject({ status: 404, body: { detail: 'Ticket not found' } })
    })
  })

  describe('modified tickets', () => {
    const client = useProvider(start, { rateLimited: false })

    const modifiedOf = (tickets: Ticket[]) => tickets.filter((ticket) => ticket.updated_at !== ticket.created_at)
    const hoursLater = ({ created_at = '', updated_at = '' }: Ticket) =>
      (Date.parse(updated_at) - Date.parse(created_at)) / 3_600_000

    it('are a thousand, updated 1 to 48 whole hours after they were created; all others never', async () => {
      const modified = modifiedOf((await client.walk()).tickets)
      expect(modified).toHaveLength(1_000)
      const hours = new Set(modified.map(hoursLater))
      expect([...hours].every((count) => Number.isInteger(count) && count >= 1 && count <= 48)).toBe(true)
    })

    it('get another updated_at with every answer, forwards and backwards, while the list shows the same text', async () => {
      const before = modifiedOf((await client.page('?page_size=100')).tickets)
      const steps: number[] = []
      for (let round = 0; round < 5; round++) {
        const after = modifiedOf((await client.page('?page_size=100')).tickets)
        expect(after.map(({ updated_at: _, ...rest }) => rest)).toEqual(
          before.map(({ updated_at: _, ...rest }) => rest),
        )
        steps.push(...after.map((ticket, index) => hoursLater(ticket) - hoursLater(before[index] ?? ticket)))
      }
      expect(steps.some((step) => step > 0)).toBe(true)
      expect(steps.some((step) => step < 0)).toBe(true)
    })

    it('end in " [UPDATED]" in the single answer alone', async () => {
      const { tickets } = await client.page('?page_size=100')
      const [modified] = modifiedOf(tickets)
      const untouched = tickets.find((ticket) => ticket.updated_at === ticket.created_at)
      const single = (await client.get(`${LIST}/${modified?.id}`)).body as Ticket
      expect(single.message).toBe(`${modified?.message} [UPDATED]`)
      expect(hoursLater(single)).toBeGreaterThan(0)
      expect((await client.get(`${LIST}/${untouched?.id}`)).body).toEqual(untouched)
    })
  })
}

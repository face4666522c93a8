import { describe, expect, it } from 'vitest'
import { english } from './realistic/english.ts'
import { french } from './realistic/french.ts'
import { german } from './realistic/german.ts'
import { TOPIC_WEIGHTS } from './realistic/phrasebook.ts'
import { spanish } from './realistic/spanish.ts'
import { realisticTickets } from './realistic.ts'

const newestAt = Date.parse('2026-03-04T15:20:30Z')
const shape = { seed: 1, tickets: 10_000, tenants: 4, newestAt }
const tickets = realisticTickets(shape)
const ageHours = (createdAt: string) => (newestAt - Date.parse(createdAt)) / 3_600_000
const count = (matches: (ticket: (typeof tickets)[number]) => boolean) => tickets.filter(matches).length

describe('the realistic data', () => {
  it('follow from the seed and the newest time', () => {
    expect(realisticTickets(shape)).toEqual(tickets)
    expect(realisticTickets({ ...shape, seed: 2 })).not.toEqual(tickets)
  })

  it('keep who writes about what when the newest time is another', () => {
    const later = realisticTickets({ ...shape, newestAt: newestAt + 5 * 86_400_000 })
    const who = (list: typeof tickets) =>
      list.map(({ id, tenant_id, customer_id, source }) => [id, tenant_id, customer_id, source])
    expect(who(later)).toEqual(who(tickets))
  })

  it('span the last 30 days and no later time, numbered as they came', () => {
    const ages = tickets.map((ticket) => ageHours(ticket.created_at))
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...ages)).toBeLessThan(30 * 24 + 1)
    expect(Math.max(...ages)).toBeGreaterThan(28 * 24)
    expect(tickets.map((ticket) => ticket.created_at)).toEqual(tickets.map((ticket) => ticket.created_at).sort())
    expect(new Set(tickets.map((ticket) => ticket.created_at.slice(-3))).size).toBe(60)
  })

  it('have a healthy part within the last 24 hours', () => {
    expect(count((ticket) => ageHours(ticket.created_at) <= 24)).toBe(1_200)
  })

  it('come by day rather than by night and on weekdays rather than at weekends', () => {
    const hour = (ticket: (typeof tickets)[number]) => new Date(ticket.created_at).getUTCHours()
    const day = (ticket: (typeof tickets)[number]) => new Date(ticket.created_at).getUTCDay()
    expect(count((ticket) => hour(ticket) >= 8 && hour(ticket) < 14)).toBeGreaterThan(
      5 * count((ticket) => hour(ticket) < 6),
    )
    expect(count((ticket) => day(ticket) === 1)).toBeGreaterThan(2 * count((ticket) => day(ticket) === 0))
  })

  it('rarely repeat a text and leave no slot unfilled', () => {
    expect(new Set(tickets.map((ticket) => ticket.message)).size).toBeGreaterThan(9_800)
    expect(count((ticket) => /[{}]|undefined/.test(ticket.subject + ticket.message))).toBe(0)
  })

  it('are written in four languages, some with quoted mails and some with emoji', () => {
    const marks = [/\b(please|thanks)\b/i, /\b(bitte|Grüße)\b/i, /\b(gracias|pedido)\b/i, /\b(merci|commande)\b/i]
    for (const mark of marks) expect(count((ticket) => mark.test(ticket.message))).toBeGreaterThan(300)
    expect(count((ticket) => /^> /m.test(ticket.message))).toBeGreaterThan(300)
    expect(count((ticket) => /\p{Emoji_Presentation}/u.test(ticket.message))).toBeGreaterThan(300)
  })

  it('have customers who keep their language and belong to their tenant', () => {
    const signed = new Map<string, Set<string>>()
    for (const { tenant_id, customer_id, source, message } of tickets) {
      if (source !== 'email') continue
      const language = [english, german, spanish, french].find((book) =>
        book.signOffs.some((line) => message.includes(`\n${line}\n`)),
      )
      // "Thanks" and its like close letters in one language only; a letter none of them closes would be a defect.
      expect(language).toBeDefined()
      const key = `${tenant_id}/${customer_id}`
      signed.set(key, (signed.get(key) ?? new Set()).add(language?.language ?? ''))
    }
    expect([...signed.values()].every((languages) => languages.size === 1)).toBe(true)
    expect(signed.size).toBeGreaterThan(500)
  })

  it('are mostly done when old and mostly open when new', () => {
    const share = (status: string, from: number, to: number) => {
      const aged = tickets.filter(({ created_at }) => ageHours(created_at) >= from && ageHours(created_at) < to)
      return aged.filter((ticket) => ticket.status === status).length / aged.length
    }
    expect(share('open', 0, 24)).toBeGreaterThan(0.6)
    expect(share('closed', 72, 720)).toBeGreaterThan(0.8)
  })

  it.each([english, german, spanish, french])('$language has words for every topic', ({ topics }) => {
    expect(topics.map((topic) => topic.name).sort()).toEqual(Object.keys(TOPIC_WEIGHTS).sort())
  })
})

import { type Random, randomStream } from '../random.ts'
import type { StoredTicket } from '../tickets.ts'
import { arrivals } from './realistic/arrivals.ts'
import { BUSINESSES, type Business } from './realistic/businesses.ts'
import { compose, type Source } from './realistic/composer.ts'
import { customersOf } from './realistic/customers.ts'
import { externalId, tenantId, timestamp } from './specification.ts'

const DAY_MS = 86_400_000
const SOURCES: Source[] = ['email', 'email', 'email', 'email', 'chat', 'chat', 'chat', 'web', 'web', 'api']

/**
 * Support tickets as companies get them, numbered in the order of their arrival. Who writes what follows from the seed
 * alone; with another `newestAt` the same people write the same at other times.
 */
export function realisticTickets(shape: {
  seed: number
  tickets: number
  tenants: number
  newestAt: number
}): StoredTicket[] {
  const times = arrivals(shape.tickets, shape.newestAt, randomStream(shape.seed, 'arrivals'))
  const random = randomStream(shape.seed, 'realistic')
  const tenants = Array.from({ length: shape.tenants }, (_, index) => {
    const id = tenantId(index)
    const expectedTickets = (shape.tickets * tenantShare(index)) / totalShare(shape.tenants)
    const business = BUSINESSES[index % BUSINESSES.length] as Business
    return { id, business, customers: customersOf(id, shape.seed, expectedTickets) }
  })
  const shares = tenants.map((_, index) => tenantShare(index))

  return times.map((writtenAt, index) => {
    const tenant = tenants[drawIndex(shares, random)] ?? random.pick(tenants)
    const customer = tenant.customers.draw(random)
    const source = random.pick(SOURCES)
    const text = compose({ customer, business: tenant.business, source, writtenAt }, random)
    return {
      id: externalId(index + 1),
      tenant_id: tenant.id,
      source,
      customer_id: customer.id,
      subject: text.subject,
      message: text.message,
      created_at: timestamp(writtenAt),
      status: drawStatus((shape.newestAt - writtenAt) / DAY_MS, random),
    }
  })
}

/** The first tenant is the largest, the fourth a quarter of it. */
const tenantShare = (index: number) => 1 / (index + 1)
const totalShare = (tenants: number) =>
  Array.from({ length: tenants }, (_, index) => tenantShare(index)).reduce((sum, share) => sum + share, 0)

function drawIndex(weights: number[], random: Random): number {
  let rest = random.fraction() * weights.reduce((sum, weight) => sum + weight, 0)
  return weights.findIndex((weight) => {
    rest -= weight
    return rest < 0
  })
}

/** What is old is mostly done, what is new is mostly open. */
function drawStatus(ageDays: number, random: Random): string {
  const [closed, pending] = ageDays < 1 ? [0.08, 0.22] : ageDays < 3 ? [0.35, 0.3] : [0.86, 0.08]
  const drawn = random.fraction()
  if (drawn < closed) return 'closed'
  return drawn < closed + pending ? 'pending' : 'open'
}

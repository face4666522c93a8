import { type CallLog, createCallLog } from './call-log.ts'
import { realisticTickets } from './data/realistic.ts'
import { externalId, specificationTickets, timestamp } from './data/specification.ts'
import { createFaults, type Faults } from './faults.ts'
import { createNotify, type Notify } from './notify.ts'
import { checkOptions, type KnobName, type Options } from './options.ts'
import { type Random, randomStream } from './random.ts'
import { createRateWindow, type RateWindow } from './rate-window.ts'
import { createTicketStore, type Ticket, type TicketStore } from './tickets.ts'

const HOUR_MS = 3_600_000
const DATA_KNOBS: KnobName[] = ['seed', 'data', 'tickets', 'tenants', 'newestAt']
const CHANGE_KNOBS: KnobName[] = ['deleted', 'modified']

/** The provider without its HTTP: knobs, tickets, limiter, /notify, faults and the log. */
export type Provider = {
  knobs(): Readonly<Options>
  /** Sets knobs at once. New data knobs build the tickets anew; a new share of changes draws the changes anew. */
  set(changes: Partial<Options>): void
  tickets(): TicketStore
  insert(fields: Partial<Ticket>): Ticket
  /** Plays the drift that is due after a list page. */
  drift(): void
  /** What a restart of the shipped provider does: other tickets are deleted and modified, counters start again. */
  restart(): void
  /** Back to how it was started, faults and log included. */
  reset(): void
  rateWindow: RateWindow
  notify: Notify
  faults: Faults
  calls: CallLog
}

export function createProvider(options: Options, now: () => number): Provider {
  let knobs: Options = { ...options }
  let starts = 0
  let insertions = 0
  let tickets: TicketStore
  const startedAt = now()

  const rateWindow = createRateWindow(() => ({ limit: knobs.rateLimit, windowSeconds: knobs.rateWindowSeconds }), now)
  const notify = createNotify(
    () => ({
      mode: knobs.notify,
      delayMinMs: knobs.notifyDelayMinMs,
      delayMaxMs: knobs.notifyDelayMaxMs,
      slowMs: knobs.notifySlowMs,
    }),
    now,
    () => notifyRandom,
  )
  const faults = createFaults()
  const calls = createCallLog(() => knobs.callLogSize, now)
  let driftRandom: Random
  let notifyRandom: Random

  const build = () => {
    const newestAt = knobs.newestAt === null ? startedAt : Date.parse(knobs.newestAt)
    const realistic = knobs.data === 'realistic'
    const stored = realistic ? realisticTickets({ ...knobs, newestAt }) : specificationTickets(knobs)
    const random = randomStream(knobs.seed, 'updated_at')
    tickets = createTicketStore(
      stored,
      () => knobs,
      // As shipped an update may lie in the future; believable data must not be newer than now.
      (createdAt) => timestamp(laterBy(random, createdAt, realistic ? newestAt : Number.POSITIVE_INFINITY)),
    )
    driftRandom = randomStream(knobs.seed, 'drift')
    notifyRandom = randomStream(knobs.seed, 'notify')
    insertions = 0
    drawChanges()
  }
  const drawChanges = () => tickets.drawChanges(knobs, randomStream(knobs.seed, `changes ${starts}`))

  const freeId = () => {
    let id: string
    do {
      insertions += 1
      id = externalId(knobs.tickets + insertions)
    } while (tickets.has(id))
    return id
  }
  const insert = (fields: Partial<Ticket>): Ticket => {
    const createdAt = fields.created_at ?? timestamp(now())
    const id = fields.id ?? freeId()
    const ticket = {
      id,
      tenant_id: fields.tenant_id ?? 'tenant_a',
      source: fields.source ?? 'web',
      customer_id: fields.customer_id ?? 'cust_100',
      subject: fields.subject ?? `Issue ${id}: question`,
      message: fields.message ?? 'This is a message about question. ',
      created_at: createdAt,
      status: fields.status ?? 'open',
      updated_at: fields.updated_at ?? createdAt,
    }
    tickets.insert(ticket)
    return ticket
  }
  const clearCounters = () => {
    rateWindow.clear()
    notify.clear()
  }

  build()
  return {
    knobs: () => knobs,
    set(changes) {
      knobs = { ...knobs, ...checkOptions(changes) }
      const touches = (names: KnobName[]) => names.some((name) => changes[name] !== undefined)
      if (touches(DATA_KNOBS)) build()
      else if (touches(CHANGE_KNOBS)) drawChanges()
    },
    tickets: () => tickets,
    insert,
    drift() {
      for (let count = 0; count < knobs.driftDelete; count++) {
        const victim = tickets.drawVisible(driftRandom)
        if (victim) tickets.delete(victim.id)
      }
      for (let count = 0; count < knobs.driftInsert; count++) {
        // Beside a ticket drawn at random: a newcomer at the end would never move a page border.
        const neighbour = tickets.drawVisible(driftRandom)
        if (!neighbour) continue
        const id = freeId()
        insert({ ...neighbour, id, subject: neighbour.subject.replace(neighbour.id, id) })
      }
    },
    restart() {
      starts += 1
      drawChanges()
      clearCounters()
    },
    reset() {
      knobs = { ...options }
      starts = 0
      faults.put([])
      calls.clear()
      clearCounters()
      build()
    },
    rateWindow,
    notify,
    faults,
    calls,
  }
}

/** 1 to 48 hours after `createdAt`, or somewhere between the two when that would be later than `latest`. */
function laterBy(random: Random, createdAt: number, latest: number): number {
  const updatedAt = createdAt + random.integer(1, 48) * HOUR_MS
  return updatedAt <= latest ? updatedAt : createdAt + random.fraction() * Math.max(0, latest - createdAt)
}

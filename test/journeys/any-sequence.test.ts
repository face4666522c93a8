import fc from 'fast-check'
import { expect, it } from 'vitest'
import { counterDifferences } from '../harness/counters.ts'
import { deadProcesses } from '../harness/dead-process.ts'
import { ingestionScene } from '../harness/ingestion.ts'
import { callsForTickets, PAGES } from '../harness/provider.ts'
import { changeClock } from '../harness/provider-changes.ts'
import { administer } from '../harness/server.ts'
import type { SystemProcess } from '../harness/system.ts'
import { ticketDifferences } from '../harness/ticket-differences.ts'
import { ticketModel } from '../harness/ticket-model.ts'

const SEQUENCES = Number(process.env.SEQUENCES ?? 8)
const SEED = Number(process.env.SEQUENCE_SEED ?? Date.now() % 2 ** 31)
const TENANTS_MAX = 3
/** Two to three pages of the provider at the start. */
const TICKETS = 230
const OLDER_THAN_ANY = Date.parse('2020-01-01T00:00:00Z')

const pick = fc.nat({ max: 999 })
const change = fc.record({
  kind: fc.constantFrom('insert', 'content', 'touch', 'older', 'delete', 'restore', 'break', 'mend'),
  tenant: fc.nat({ max: TENANTS_MAX - 1 }),
  ticket: pick,
})
const changes = fc.array(change, { minLength: 1, maxLength: 6 })
const afterCalls = fc.integer({ min: 0, max: 5 })
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('change' as const), changes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('run' as const), tenant: fc.nat({ max: TENANTS_MAX - 1 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change while all run' as const), changes, afterCalls }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('cancel' as const), tenant: fc.nat({ max: TENANTS_MAX - 1 }), afterCalls }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), afterCalls }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never

it('after any sequence of changes, runs, cancels and crashes, one clean run leaves what the provider has, with a true history', {
  timeout: 300_000 + SEQUENCES * 60_000,
}, async () => {
  const scene = await ingestionScene({ tickets: 0, modified: 0, deleted: 0 })
  const { helpdesk, databaseUrl, start, makeTenants, startRun, ended, operator, until } = scene
  const { kill } = await deadProcesses(databaseUrl)
  const api = await start({ SIGNALBOX_ROLES: 'api,scheduler' })
  const startWorker = () => start({ SIGNALBOX_ROLES: 'worker', TASK_CONCURRENCY_PER_TENANT: '100' })
  let worker: SystemProcess = await startWorker()
  const now = changeClock()
  let sequences = 0
  let marks = 0

  /** Tenants and tickets of its own for each sequence, so that one says nothing about another and can be repeated alone. */
  const play = async (tenantCount: number, steps: readonly Step[]) => {
    sequences += 1
    helpdesk.reset()
    helpdesk.setFaults([{ route: PAGES, kind: 'slow', delay_ms: 10 }])
    const model = ticketModel(helpdesk)
    const tenants = Array.from({ length: tenantCount }, (_, index) => `sequence_${sequences}_${index}`)
    const tenantOf = (index: number) => tenants[index % tenantCount] as string
    await makeTenants(api, tenants)
    const newContent = () => ({ subject: `Subject ${++marks}`, message: `Message ${marks}` })
    const insert = (tenant: number, at: number) => {
      const created_at = new Date(Date.parse('2026-01-01T00:00:00Z') + at * 3_600_000).toISOString()
      model.insert({ tenant_id: tenantOf(tenant), created_at, updated_at: now(), ...newContent() })
    }
    for (let index = 0; index < TICKETS; index += 1) insert(index, index)

    const apply = ({ kind, tenant, ticket }: Change) => {
      const ids = model.ids(tenantOf(tenant))
      const id = ids[ticket % ids.length]
      if (kind === 'insert' || id === undefined) return insert(tenant, ticket % TICKETS)
      if (kind === 'delete' || kind === 'restore') return model.setDeleted(id, kind === 'delete')
      const older = new Date(OLDER_THAN_ANY + ++marks * 1_000).toISOString()
      const fields = {
        content: { ...newContent(), updated_at: now() },
        touch: { updated_at: now() },
        older: { ...newContent(), updated_at: older },
        break: { status: 'escalated', updated_at: now() },
        mend: { status: 'open', updated_at: now() },
      }
      model.change(id, fields[kind as keyof typeof fields])
    }
    const startAll = (of: readonly string[]) => Promise.all(of.map((tenant) => startRun(api, tenant)))
    /** Until the provider was called so often from now on: what is started meanwhile may be over before that is asked. */
    const calls = () => {
      const before = callsForTickets(helpdesk).length
      return (times: number) =>
        until('the provider was never called', () => callsForTickets(helpdesk).length >= before + times)
    }
    /** Waits for the end; a person confirms what is left to a person. */
    const complete = async (jobs: readonly string[]) => {
      for (const job of jobs) {
        const done = await ended(api, job)
        expect(done.status).toBe('completed')
        if (done.deletions_awaiting_confirmation > 0) {
          expect((await operator(api, `/ingest/${job}/confirm-deletions`, 'POST')).status).toBe(200)
        }
      }
    }
    const take = async (what: Step) => {
      switch (what.do) {
        case 'change':
          return what.changes.forEach(apply)
        case 'run':
          await complete([await startRun(api, tenantOf(what.tenant))])
          return model.hasSeen([tenantOf(what.tenant)])
        case 'change while all run': {
          const called = calls()
          const jobs = await startAll(tenants)
          await called(what.afterCalls)
          for (const each of what.changes) {
            model.mayHaveSeen(tenants)
            apply(each)
          }
          model.mayHaveSeen(tenants)
          return complete(jobs)
        }
        case 'cancel': {
          const called = calls()
          const job = await startRun(api, tenantOf(what.tenant))
          await called(what.afterCalls)
          await operator(api, `/ingest/${job}`, 'DELETE')
          await ended(api, job)
          return model.mayHaveSeen([tenantOf(what.tenant)])
        }
        case 'crash': {
          const called = calls()
          const jobs = await startAll(tenants)
          await called(what.afterCalls)
          await kill(worker)
          worker = await startWorker()
          await complete(jobs)
          return model.hasSeen(tenants)
        }
      }
    }
    for (const each of steps) await take(each)
    await complete(await startAll(tenants))
    model.hasSeen(tenants)
    await compare(model, tenants)
    expect(await counterDifferences(databaseUrl)).toEqual([])
  }

  const compare = (model: ReturnType<typeof ticketModel>, tenants: readonly string[]) =>
    administer(databaseUrl, async (superuser) => {
      const { rows } = await superuser.query<{ external_id: string; updated_at: Date }>(
        'select external_id, updated_at from tickets where deleted_at is null and tenant_id = any($1)',
        [tenants],
      )
      const stored = new Map(rows.map(({ external_id, updated_at }) => [external_id, updated_at]))
      // The tenants of the sequences before were compared then; their tickets are no longer at the provider.
      const expected = model.expected(tenants, (id) => stored.get(id))
      expect(await ticketDifferences(databaseUrl, expected, { onlyTenants: tenants })).toEqual([])
    })

  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: TENANTS_MAX }), fc.array(step, { minLength: 4, maxLength: 9 }), play),
    { numRuns: SEQUENCES, seed: SEED, endOnFailure: process.env.SHRINK === undefined, verbose: 1 },
  )
})

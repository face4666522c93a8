import type { Client } from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { startFakeReceiver } from '../../../test/fakes/receiver.ts'
import { silent } from '../../../test/harness/database.ts'
import { administer, createDatabase } from '../../../test/harness/server.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { sleep } from '../../kernel/abort.ts'
import { openDatabase, openListener } from '../../platform/database/index.ts'
import { openOutbound } from '../../platform/outbound/index.ts'
import { circuitBreaker } from '../../platform/resilience/index.ts'
import { sealer } from '../../platform/sealing/index.ts'
import { POLICIES } from '../channels/index.ts'
import { openSend } from '../channels/send.ts'
import { startDispatcher } from './dispatcher.ts'

const OPEN_SECONDS = 1
const TENANT = 'tenant_a'

type Received = { ticketId: string; tenantId: string; deliveryId: string; answered: number }
type Answer = (call: { ticketId: string; times: number }) => number | Promise<number>

/** A receiver of the specification's /notify that answers what the test says; knows what it got, in the order it came. */
async function receiver(answer: Answer) {
  const received: Received[] = []
  const server = await startFakeReceiver(async ({ body, headers }) => {
    const { ticket_id: ticketId, tenant_id: tenantId } = JSON.parse(body)
    const entry = { ticketId, tenantId, deliveryId: String(headers['idempotency-key']), answered: 0 }
    received.push(entry)
    entry.answered = await answer({ ticketId, times: received.filter((each) => each.ticketId === ticketId).length })
    return { status: entry.answered, body: '{}' }
  })
  onTestFinished(() => server.close())
  return { url: server.url, received }
}

/** A database of the test's own, a receiver, and processes of which each stands for one that dispatches. */
async function scene(answer: Answer, openSeconds = OPEN_SECONDS) {
  const made = await createDatabase(inject('serverUrl'))
  const target = await receiver(answer)
  const sql = <Row extends object = Record<string, unknown>>(text: string, values: unknown[] = []) =>
    administer(
      made.url,
      async (client: Client) => (await client.query<Row & Record<string, unknown>>(text, values)).rows,
    )
  onTestFinished(made.drop)
  const start = async () => {
    const database = openDatabase({ url: made.url, max: 4, logger: silent })
    const breaker = circuitBreaker({ openSeconds })
    const outbound = openOutbound({ allowedPrivate: [] })
    const listener = await openListener({ url: made.url, logger: silent })
    const dispatcher = await startDispatcher({
      ...{ database, listener, breaker, logger: silent, openSeconds },
      send: openSend({
        ...{ logger: silent, sendMail: undefined, notifyUrl: target.url },
        ...{ guardedFetch: outbound.fetch, plainFetch: fetch },
        sealer: sealer({ keys: ['a secret of at least 32 characters'] }),
      }),
    })
    onTestFinished(async () => {
      await dispatcher.stop()
      await listener.close()
      await outbound.close()
      await database.close()
    })
    return dispatcher
  }
  const raise = (tenant: string, from: number, to: number, subject = `'ticket:' || n`) =>
    sql(
      `insert into signals (tenant_id, kind, subject, severity, title, facts, dedupe_key)
       select $1, 'ticket.urgent', ${subject}, 'critical', 'Urgent', jsonb_build_object('external_id', 'ext-' || n), $1 || n
       from generate_series($2::int, $3::int) as n`,
      [tenant, from, to],
    )
  const states = async () =>
    Object.fromEntries(
      (await sql<{ state: string; count: number }>('select state, count(*)::int from deliveries group by 1')).map(
        ({ state, count }) => [state, count],
      ),
    )
  return {
    ...{ target, sql, start, raise, states },
    makeTenants: (...tenants: string[]) =>
      sql('insert into tenants (tenant_id, name) select id, id from unnest($1::text[]) as id', [tenants]),
    /** Until no delivery waits or is under way. */
    ended: () =>
      waitFor('not all deliveries ended', async () => {
        const { waiting = 0, sending = 0 } = await states()
        return waiting + sending === 0
      }),
  }
}

describe('the dispatcher', () => {
  it('brings every signal to the channel once, under the id of its delivery', async () => {
    const { makeTenants, start, raise, ended, target, sql, states } = await scene(() => 200)
    await makeTenants(TENANT)
    await Promise.all([start(), start()])
    await raise(TENANT, 1, 200)
    await ended()
    expect(await states()).toEqual({ delivered: 200 })
    const deliveries = await sql<{ delivery_id: string }>('select delivery_id from deliveries')
    const received = target.received.map(({ deliveryId }) => deliveryId)
    expect(new Set(received)).toEqual(new Set(deliveries.map((row) => row.delivery_id)))
    // On a machine that stood still for longer than a lease, what was lost is sent again, and nothing else is.
    const [log] = await sql<{ attempts: number; again: number }>(
      `select count(*)::int as attempts, count(*) filter (where attempt > 1 and before is distinct from 'lost')::int as again
       from (select attempt, lag(outcome) over (partition by delivery_id order by attempt) as before from delivery_attempts)`,
    )
    expect(log?.again).toBe(0)
    expect(received.length).toBeLessThanOrEqual(log?.attempts ?? 0)
    expect(
      await sql(
        `select distinct status_code, ended_at is not null as ended from delivery_attempts where outcome = 'delivered'`,
      ),
    ).toEqual([{ status_code: 200, ended: true }])
  })

  it('finds what was raised while nobody dispatched', async () => {
    const { makeTenants, start, raise, ended, states } = await scene(() => 200)
    await makeTenants(TENANT)
    await raise(TENANT, 1, 3)
    await start()
    await ended()
    expect(await states()).toEqual({ delivered: 3 })
  })

  it('keeps the order of one subject, however its deliveries fail, and holds up no other subject', async () => {
    const { makeTenants, start, raise, ended, target } = await scene(({ ticketId, times }) =>
      ticketId === 'ext-1' && times < 4 ? 500 : 200,
    )
    await makeTenants(TENANT)
    await raise(TENANT, 1, 3, `'ticket:same'`)
    await raise(TENANT, 4, 4)
    await Promise.all([start(), start()])
    await ended()
    const arrived = target.received.filter(({ answered }) => answered === 200).map(({ ticketId }) => ticketId)
    expect(arrived.filter((ticketId) => ticketId !== 'ext-4')).toEqual(['ext-1', 'ext-2', 'ext-3'])
    expect(arrived[0]).toBe('ext-4')
  })

  it('gives up at once what is refused, and sends it again when it is redriven', async () => {
    let isMended = false
    const { makeTenants, start, raise, ended, states, sql, target } = await scene(() => (isMended ? 200 : 422))
    await makeTenants(TENANT)
    await start()
    await raise(TENANT, 1, 1)
    await ended()
    expect(await states()).toEqual({ dead: 1 })
    expect(target.received).toHaveLength(1)
    expect(await sql('select last_failure from deliveries')).toEqual([{ last_failure: expect.stringContaining('422') }])
    isMended = true
    await sql(`update deliveries set state = 'waiting', due_at = now(), started_at = now(), ended_at = null`)
    await ended()
    expect(await states()).toEqual({ delivered: 1 })
    expect(new Set(target.received.map(({ deliveryId }) => deliveryId)).size).toBe(1)
  })

  it('lets nothing leave while the circuit is open, then exactly one: what has failed most often', async () => {
    let isWell = false
    const { makeTenants, start, raise, ended, target, sql, states } = await scene(() => (isWell ? 200 : 500))
    await makeTenants(TENANT)
    await raise(TENANT, 1, 20)
    await sql(
      `update deliveries set attempts = 9, tries = case subject when 'ticket:13' then 9 else 5 end where position % 2 = 1`,
    )
    await sql(`insert into platform.circuits (name, state, generation, opened_at, changed_at)
      values ('notify', 'open', 1, clock_timestamp(), clock_timestamp())`)
    await Promise.all([start(), start()])
    const timesOpened = async () =>
      (await sql<{ times_opened: number }>('select times_opened from platform.circuits'))[0]?.times_opened ?? 0
    await waitFor('it was never tried', async () => (await timesOpened()) >= 3)
    // One for each time it was half open, by whichever of the two; the last may be on its way.
    const [before, calls, after] = [await timesOpened(), target.received.length, await timesOpened()]
    expect(calls).toBeGreaterThanOrEqual(before)
    expect(calls).toBeLessThanOrEqual(after + 1)
    expect(target.received[0]?.ticketId).toBe('ext-13')
    isWell = true
    await sql(`update deliveries set due_at = now() where state = 'waiting'`)
    await ended()
    expect(await states()).toEqual({ delivered: 20 })
    expect(await sql('select state from platform.circuits')).toEqual([{ state: 'closed' }])
  })

  it('raises a signal for operators when the circuit opens, one, and resolves it when it closes', async () => {
    let isWell = false
    const { makeTenants, start, raise, ended, sql } = await scene(() => (isWell ? 200 : 500))
    await makeTenants(TENANT)
    await raise(TENANT, 1, 10)
    await start()
    const told = () => sql('select kind, subject, state from platform.operator_signals')
    await waitFor(
      'nobody was told',
      async () => (await sql('select from platform.circuits where times_opened > 1')).length > 0,
    )
    expect(await told()).toEqual([{ kind: 'circuit.opened', subject: 'circuit:notify', state: 'open' }])
    isWell = true
    await ended()
    expect(await told()).toEqual([{ kind: 'circuit.opened', subject: 'circuit:notify', state: 'resolved' }])
  })

  it('takes the first of each tenant before the second of any', async () => {
    const { makeTenants, start, raise, target, sql, ended } = await scene(() => 200)
    await makeTenants('large', 'small_1', 'small_2')
    await raise('large', 1, 500)
    await raise('small_1', 501, 501)
    await raise('small_2', 502, 502)
    await start()
    await ended()
    const places = ['small_1', 'small_2'].map((tenant) =>
      target.received.findIndex(({ tenantId }) => tenantId === tenant),
    )
    // Both are among the first that leave; in the order of their making they would be the last.
    expect(Math.max(...places)).toBeLessThan(128)
    expect(await sql(`select from deliveries where state <> 'delivered'`)).toEqual([])
  })

  it('has no more calls under way on a circuit than its policy allows, over all processes', async () => {
    let [underWay, most] = [0, 0]
    const { makeTenants, start, raise, ended, states } = await scene(async () => {
      underWay += 1
      most = Math.max(most, underWay)
      await sleep(20)
      underWay -= 1
      return 200
    })
    await makeTenants(TENANT)
    await raise(TENANT, 1, 400)
    await Promise.all([start(), start()])
    await ended()
    expect(await states()).toEqual({ delivered: 400 })
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(POLICIES.notify.callsInFlight)
  })

  it('sends again what a process took that died, and leaves alone what came to its end', async () => {
    const { makeTenants, start, raise, ended, target, sql, states } = await scene(() => 200)
    await makeTenants(TENANT)
    await raise(TENANT, 1, 2)
    await sql(`update deliveries set state = 'sending', attempts = 1, fencing = 1,
      lease_expires_at = now() + case subject when 'ticket:1' then interval '-1 second' else interval '1 hour' end`)
    await sql(
      `insert into delivery_attempts (tenant_id, delivery_id, attempt) select tenant_id, delivery_id, 1 from deliveries`,
    )
    await start()
    await waitFor('it was not sent again', async () => (await states()).delivered === 1)
    expect(target.received.map(({ ticketId }) => ticketId)).toEqual(['ext-1'])
    expect(await sql(`select attempt, outcome from delivery_attempts where outcome is not null order by 1`)).toEqual([
      { attempt: 1, outcome: 'lost' },
      { attempt: 2, outcome: 'delivered' },
    ])
    await sql(`update deliveries set lease_expires_at = now() where state = 'sending'`)
    await ended()
  })

  it('gets through to the receiver though many deliveries fail whatever happens', async () => {
    // Open for a moment only: it takes tens of probes.
    const { makeTenants, start, raise, target, sql } = await scene(
      ({ ticketId }) => (Number(ticketId.slice(4)) <= 30 ? 500 : 200),
      OPEN_SECONDS / 10,
    )
    await makeTenants(TENANT)
    await raise(TENANT, 1, 30)
    await sql(`insert into platform.circuits (name, state, generation, opened_at, changed_at)
      values ('notify', 'open', 1, clock_timestamp(), clock_timestamp())`)
    await sql('update deliveries set attempts = 9, tries = 9')
    await raise(TENANT, 31, 40)
    await start()
    await waitFor('those that can be delivered never were', async () => {
      // Nothing waits for its back-off: what fails is always there to be chosen.
      await sql(`update deliveries set due_at = now(), tries = least(tries, 9) where state = 'waiting' and tries > 0`)
      return target.received.filter(({ answered }) => answered === 200).length === 10
    })
  })

  it('passes over tenants in quiet hours, however many stand before the one that has something due', async () => {
    const { makeTenants, start, raise, target, sql } = await scene(() => 200)
    const quiet = Array.from({ length: 70 }, (_, n) => `quiet_${n}`)
    await makeTenants(...quiet, 'zeta')
    for (const tenant of quiet) await raise(tenant, 1, 2)
    await sql(`update deliveries set due_at = now() + interval '1 hour'`)
    await raise('zeta', 1, 3)
    await start()
    await waitFor('what was due never left', () => target.received.length === 3)
    expect(target.received.map(({ tenantId }) => tenantId)).toEqual(['zeta', 'zeta', 'zeta'])
  })

  it('writes the outcomes of all others when the database refuses one', async () => {
    const { makeTenants, start, raise, target, sql } = await scene(() => 200)
    await makeTenants(TENANT, 'broken')
    await sql(`create function refuse() returns trigger language plpgsql as $$ begin raise 'not this one'; end $$`)
    await sql(`create trigger refuse before update on deliveries for each row
      when (new.state = 'delivered' and new.tenant_id = 'broken') execute function refuse()`)
    await raise('broken', 1, 2)
    await raise(TENANT, 1, 20)
    const dispatcher = await start()
    const delivered = async () =>
      (await sql(`select from deliveries where state = 'delivered' and tenant_id = '${TENANT}'`)).length
    await waitFor('the others were not written', async () => (await delivered()) === 20)
    await waitFor('it never gave up', () => dispatcher.sending() === 0)
    // Sent, and left to their leases.
    expect(target.received.filter(({ tenantId }) => tenantId === 'broken')).toHaveLength(2)
    expect(await sql(`select from deliveries where state = 'sending' and tenant_id = 'broken'`)).toHaveLength(2)
  })

  it('opens a circuit and writes outcomes also when people cannot be told of it', async () => {
    const { makeTenants, start, raise, sql, states } = await scene(() => 500)
    await makeTenants(TENANT)
    await sql(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no signal'; end $$`)
    await sql('create trigger refuse before insert on platform.operator_signals for each row execute function refuse()')
    await raise(TENANT, 1, 5)
    await start()
    await waitFor(
      'no circuit opened',
      async () => (await sql(`select from platform.circuits where state = 'open'`)).length > 0,
    )
    await waitFor('outcomes were not written', async () => (await states()).waiting === 5)
  })

  it('does not call again a channel that was switched off while it was called', async () => {
    const calls = { release: () => {} }
    const { makeTenants, start, raise, ended, target, sql, states } = await scene(async () => {
      await new Promise<void>((resolve) => {
        calls.release = resolve
      })
      return 500
    })
    await makeTenants(TENANT)
    await start()
    await raise(TENANT, 1, 1)
    await waitFor('it never called', () => target.received.length === 1)
    await sql('update channels set is_enabled = false')
    calls.release()
    await ended()
    expect(await states()).toEqual({ dead: 1 })
    expect(target.received).toHaveLength(1)
  })

  it('gives up what waits for a channel that is switched off', async () => {
    const { makeTenants, start, raise, ended, target, sql, states } = await scene(() => 200)
    await makeTenants(TENANT)
    await raise(TENANT, 1, 2)
    await sql('update channels set is_enabled = false')
    await raise(TENANT, 3, 4)
    await start()
    await ended()
    expect(await states()).toEqual({ dead: 2 })
    expect(target.received).toEqual([])
  })

  it('finishes on stop what is under way, and breaks off what does not end', async () => {
    const { makeTenants, start, raise, target, sql, states } = await scene(({ ticketId }) =>
      ticketId === 'ext-1' ? new Promise<number>(() => {}) : 200,
    )
    await makeTenants(TENANT)
    const dispatcher = await start()
    await raise(TENANT, 1, 2)
    await waitFor('nothing left', () => target.received.length === 2)
    await dispatcher.stop()
    expect(dispatcher.sending()).toBe(0)
    expect((await states()).delivered).toBe(1)
    // By its own time-out, or broken off: either way it waits for the next process, not for a lease to run out.
    expect(await sql(`select state, attempts from deliveries where subject = 'ticket:1'`)).toEqual([
      { state: 'waiting', attempts: 1 },
    ])
  })
})

import type { NotifiedTicket } from '../../mock-provider/index.ts'
import { administer } from '../harness/server.ts'
import type { Ledger } from './ledger.ts'

type Invariant = { name: string; violations: string; values?: (ledger: Ledger) => unknown[] }

/**
 * What has to hold once everything is well again and nothing is under way. Each query yields a row with `problem` for each
 * violation. Tickets and their history are held to the provider's by ticketDifferences, counters by counterDifferences.
 */
export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'an urgent ticket has the signal of its urgency, unless a person resolved that',
    // Its urgency began with the last line of its history that may have made it urgent.
    violations: `
      with urgent as (
        select tenant_id, ticket_id, external_id, (
          select max(recorded_at) from ticket_history
          where (ticket_history.tenant_id, ticket_history.ticket_id) = (tickets.tenant_id, tickets.ticket_id)
            and (action in ('created', 'restored') or field = 'urgency' and new_value = 'high')) as since
        from tickets where deleted_at is null and urgency = 'high'
      )
      select urgent.tenant_id || ' ' || external_id || ': ' || case
          when signal_id is null then 'never had a signal'
          when raised_at < since then 'became urgent again without a signal'
          else 'its signal was resolved, by nobody' end as problem
      from urgent left join lateral (
        select * from signals where signals.tenant_id = urgent.tenant_id and dedupe_key = 'ticket.urgent:' || ticket_id
        order by raised_at desc limit 1) as latest on true
      where signal_id is null or raised_at < since or (state = 'resolved' and resolved_by is null)`,
  },
  {
    name: 'a signal is unresolved only while its ticket is urgent',
    violations: `
      select signals.tenant_id || ' ' || title || ': its ticket is not urgent' as problem
      from signals left join tickets on tickets.tenant_id = signals.tenant_id
        and dedupe_key = 'ticket.urgent:' || ticket_id and urgency = 'high' and deleted_at is null
      where kind = 'ticket.urgent' and state <> 'resolved' and ticket_id is null`,
  },
  {
    name: 'a cause has one unresolved signal',
    violations: `
      select tenant_id || ' ' || dedupe_key || ': ' || count(*) || ' unresolved signals' as problem
      from signals where state <> 'resolved' group by tenant_id, dedupe_key having count(*) > 1`,
  },
  {
    name: 'a signal of a ticket is told to the notification service',
    violations: `
      select signals.tenant_id || ' ' || title || ': ' || coalesce('its delivery is ' || deliveries.state, 'has no delivery') as problem
      from signals join channels on channels.tenant_id = signals.tenant_id and channels.kind = 'notify'
      left join deliveries on deliveries.tenant_id = signals.tenant_id and deliveries.channel_id = channels.channel_id
        and deliveries.signal_id = signals.signal_id
      where signals.kind = 'ticket.urgent' and deliveries.state is distinct from 'delivered'`,
  },
  {
    name: 'a delivery was made by its last attempt, and each attempt has an outcome',
    violations: `
      select tenant_id || ' delivery ' || delivery_id || ': ' || count(outcome) || ' outcomes of ' || attempts || ' attempts, '
        || count(*) filter (where outcome = 'delivered') || ' of them delivered' as problem
      from deliveries left join delivery_attempts using (tenant_id, delivery_id)
      where state = 'delivered'
      group by tenant_id, delivery_id, attempts
      having count(outcome) <> attempts or count(*) filter (where outcome = 'delivered') = 0`,
  },
  {
    name: 'no task is under way',
    violations: `
      select tenant_id || ' ' || kind || ' ' || task_id || ' is ' || status as problem
      from tasks where status in ('queued', 'running', 'retrying')`,
  },
  {
    name: 'no lease is held',
    violations: `
      select tenant_id || ' task ' || task_id || ' has a lease' as problem from tasks where lease_owner is not null
      union all
      select tenant_id || ' delivery ' || delivery_id || ' has a lease' from deliveries where lease_expires_at is not null
      union all
      select 'the sweep of ' || connection || ' has a lease' from ingestion.sweeps where expires_at > now()`,
  },
  {
    name: 'each run that was started has a log with an end',
    violations: `
      select 'run ' || job || ': ' || case when job_id is null then 'has no log' else 'its log says ' || status end as problem
      from unnest($1::uuid[]) as job left join ingestion_logs on job_id = job
      where ended_at is null or status not in ('succeeded', 'failed', 'cancelled')`,
    values: ({ runs }) => [[...runs]],
  },
  {
    name: 'what was done once is in the audit log once',
    violations: `
      with done as (
        select tenant_id, 'ingestion.run' as action, 'task:' || task_id as subject, 1 as times from tasks where kind = 'ingestion.run'
        union all
        select tenant_id, 'signal.acknowledge', 'signal:' || signal_id, 1 from signals where acknowledged_by is not null
        union all
        select tenant_id, 'signal.resolve', 'signal:' || signal_id, 1 from signals where resolved_by is not null
        union all
        select split_part(key, ' ', 1), 'ticket.correct', 'ticket:' || split_part(key, ' ', 2), value::int
        from jsonb_each_text($1::jsonb)
      ), logged as (
        select tenant_id, action, subject, count(*) as times from audit_log
        where action in ('ingestion.run', 'signal.acknowledge', 'signal.resolve', 'ticket.correct') group by 1, 2, 3
      )
      select tenant_id || ' ' || action || ' ' || subject || ': done ' || coalesce(done.times, 0) || ' times, logged '
        || coalesce(logged.times, 0) || ' times' as problem
      from done full join logged using (tenant_id, action, subject)
      where done.times is distinct from logged.times`,
    values: ({ corrections }) => [JSON.stringify(Object.fromEntries(corrections))],
  },
]

const SHOWN_MAX = 10

/** A sentence for each violation, at most ten of each invariant. */
export function invariantViolations(databaseUrl: string, ledger: Ledger): Promise<string[]> {
  return administer(databaseUrl, async (client) => {
    const sentences: string[] = []
    for (const { name, violations, values } of INVARIANTS) {
      const { rows } = await client.query<{ problem: string }>(`${violations} order by 1`, values?.(ledger) ?? [])
      sentences.push(...rows.slice(0, SHOWN_MAX).map(({ problem }) => `${name}: ${problem}`))
      if (rows.length > SHOWN_MAX) sentences.push(`${name}: and ${rows.length - SHOWN_MAX} more`)
    }
    return sentences
  })
}

/**
 * What the receiver has not been told at all, or more often than our record explains: once for each attempt that was
 * delivered, and perhaps for each of which nobody knows what became of it (lost, timed out, broken off).
 */
export function receiverViolations(databaseUrl: string, notified: readonly NotifiedTicket[]): Promise<string[]> {
  return administer(databaseUrl, async (client) => {
    const { rows } = await client.query<{ problem: string }>(
      `with recorded as (
         select facts ->> 'external_id' as ticket, count(*) filter (where outcome = 'delivered') as told,
           count(*) filter (where outcome = 'lost' or outcome = 'failed' and status_code is null) as unknown
         from signals join deliveries using (tenant_id, signal_id) join channels using (tenant_id, channel_id)
         join delivery_attempts using (tenant_id, delivery_id)
         where channels.kind = 'notify' group by 1
       ), received as (
         select ticket_id as ticket, sent from jsonb_to_recordset($1::jsonb) as row (ticket_id text, sent int)
       )
       select 'the receiver got ' || ticket || ' ' || coalesce(sent, 0) || ' times; delivered ' || coalesce(told, 0)
         || ' times, unknown ' || coalesce(unknown, 0) || ' times' as problem
       from recorded full join received using (ticket)
       where coalesce(sent, 0) not between coalesce(told, 0) and coalesce(told, 0) + coalesce(unknown, 0)
       order by 1`,
      [JSON.stringify(notified)],
    )
    return rows.map(({ problem }) => problem)
  })
}

import { administer } from '../harness/server.ts'

/** What the system went through, in a few sentences: a schedule under which nothing was lost, retried or opened proves little. */
export function whatHappened(databaseUrl: string): Promise<string[]> {
  return administer(databaseUrl, async (client) => {
    const { rows } = await client.query<{ sentence: string }>(`
      select 'runs: ' || string_agg(times || ' ' || status, ', ' order by status) as sentence
      from (select status, count(*) as times from tasks where kind = 'ingestion.run' group by 1) as runs
      union all
      select 'runs that needed more than one attempt: ' || count(*) from tasks where kind = 'ingestion.run' and attempt > 1
      union all
      select 'signals: ' || count(*) || ', resolved by a person ' || count(resolved_by) from signals
      union all
      select 'attempts to deliver: ' || string_agg(times || ' ' || outcome, ', ' order by outcome)
      from (
        select case when outcome = 'failed' and status_code is null then 'without an answer' else outcome end as outcome, count(*) as times
        from delivery_attempts group by 1) as attempts
      union all
      select 'the circuit of ' || name || ' opened ' || times_opened || ' times' from platform.circuits`)
    return rows.map(({ sentence }) => sentence)
  })
}

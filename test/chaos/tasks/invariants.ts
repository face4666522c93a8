import type { Client } from 'pg'

/** What has to hold of tasks whatever happened: a sentence for each that does not. */
const RULES: readonly { rule: string; violations: string }[] = [
  {
    rule: 'a task that was acknowledged is there and has succeeded',
    violations: `
      select id || ' is ' || coalesce(status, 'gone') as what from unnest($1::uuid[]) as id left join tasks on task_id = id
      where status is distinct from 'succeeded'`,
  },
  {
    rule: 'a task ends once, by the worker that claimed it last',
    violations: `
      select task_id || ' ended ' || count(*) filter (where outcome = 'succeeded') || ' times' as what
      from tasks join task_attempts using (tenant_id, task_id) where task_id = any($1::uuid[]) group by tenant_id, task_id, fencing
      having count(*) filter (where outcome = 'succeeded') <> 1 or max(claim) filter (where outcome = 'succeeded') <> fencing`,
  },
  {
    rule: 'each claim has one end',
    violations: `
      select task_id || ' was claimed ' || fencing || ' times and has ' || count(claim) || ' ends' as what
      from tasks left join task_attempts using (tenant_id, task_id) where task_id = any($1::uuid[])
      group by tenant_id, task_id, fencing having count(claim) <> fencing`,
  },
  {
    rule: 'its progress is whole',
    violations: `
      select task_id || ' stands at ' || progress as what from tasks
      where task_id = any($1::uuid[]) and kind = 'demo.progress' and progress -> 'done' is distinct from payload -> 'steps'`,
  },
]

export async function taskViolations(superuser: Client, acknowledged: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const { rule, violations } of RULES) {
    const { rows } = await superuser.query<{ what: string }>(violations, [acknowledged])
    found.push(...rows.map(({ what }) => `${rule}: ${what}`))
  }
  return found
}

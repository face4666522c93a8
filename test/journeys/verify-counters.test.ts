import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, inject, it, onTestFinished } from 'vitest'
import { administer, createDatabase } from '../harness/server.ts'

const PROGRAM = fileURLToPath(new URL('../../src/verify-counters.ts', import.meta.url))

const verify = (databaseUrl: string) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    const env = { PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl }
    const child = execFile(process.execPath, [PROGRAM], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    )
  })

it('npm run verify-counters says which counters of which tenant are wrong, and ends with 1 only then', async () => {
  const made = await createDatabase(inject('serverUrl'))
  onTestFinished(made.drop)
  const run = (statement: string) => administer(made.url, (client) => client.query(statement))
  await run(`insert into tenants (tenant_id, name) values ('alder', 'Alder'), ('birch', 'Birch')`)
  await run(`insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
    select tenant, n, 'email', 'c', 's', 'm', 'open', now(), now() from unnest(array['alder', 'birch']) as tenant, generate_series(1, 3) as n`)
  expect(await verify(made.url)).toEqual({
    code: 0,
    output: 'alder: right\nbirch: right\n2 tenants, 0 counters that differ\n',
  })
  await run(`update ticket_counts set tickets = 7 where tenant_id = 'birch'`)
  expect(await verify(made.url)).toEqual({
    code: 1,
    output: [
      'alder: right',
      'birch: 1 counters differ',
      '  ticket_counts ["open","low","neutral",false,"email"]: 7, the tickets say 3',
      '2 tenants, 1 counters that differ\n',
    ].join('\n'),
  })
  expect((await verify('postgres://nobody@127.0.0.1:1/nothing')).code).toBe(2)
})

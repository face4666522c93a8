import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { openDatabase } from '../../src/platform/database/index.ts'
import { silent } from '../harness/database.ts'
import { administer, createDatabase, createTemplate } from '../harness/server.ts'
import { startTestServer } from '../harness/start-test-server.ts'
import { deep, explainListed, explainOthers, LISTED, type ListedQuery } from './listed-queries.ts'
import { seedQuickly } from './seed-tickets.ts'

/** `npm run explain`: the plans of the listed queries at two sizes, into docs/query-plans.md. */
const SIZES = (process.env.EXPLAIN_TICKETS ?? '10000,1000000').split(',').map(Number)
const TENANT = tenantId('tenant_a')
const FILE = fileURLToPath(new URL('../../docs/query-plans.md', import.meta.url))
const OPTIONS = 'analyze, buffers, costs off, timing off, summary on'

type Plan = { name: string; lines: string[] }

async function plansAt(serverUrl: string, tickets: number): Promise<Plan[]> {
  const made = await createDatabase(serverUrl)
  await administer(made.url, (client) => seedQuickly(client, { tenant: TENANT, tickets }))
  const database = openDatabase({ url: made.url, max: 1, logger: silent })
  const explain = { database, tenantId: TENANT, options: OPTIONS }
  try {
    const { rows } = await database.withTenant(TENANT, (tx) =>
      sql<{ ticket_id: string; created_at: Date }>`
        select ticket_id, created_at from tickets order by created_at, ticket_id limit 50 offset ${tickets / 2}`.execute(
        tx,
      ),
    )
    const [middle] = rows
    if (!middle) throw new Error('no ticket in the middle')
    const plans: Plan[] = []
    for (const listed of [...LISTED, deep(LISTED[0] as ListedQuery, middle)]) {
      // The first time fills the cache.
      await explainListed(explain, listed)
      plans.push({ name: listed.name, lines: await explainListed(explain, listed) })
    }
    const ids = rows.map(({ ticket_id }) => ticket_id)
    await explainOthers(explain, ids)
    return [...plans, ...(await explainOthers(explain, ids))]
  } finally {
    await database.close()
    await made.drop()
  }
}

const indexesOf = (lines: readonly string[]) => [
  ...new Set(lines.flatMap((line) => /(?:using|Bitmap Index Scan on) (tickets?_\w+)/.exec(line)?.[1] ?? [])),
]
const timeOf = (lines: readonly string[]) =>
  lines.map((line) => /Execution Time: ([\d.]+)/.exec(line)?.[1]).find(Boolean)
/** Without what says nothing about a query: how many buffers planning took. */
const readable = (lines: readonly string[]) => {
  const planning = lines.indexOf('Planning:')
  return lines.filter((_, index) => planning === -1 || index < planning || index > planning + 1)
}

function page(sizes: readonly { tickets: number; plans: Plan[] }[]): string {
  const names = sizes[0]?.plans.map(({ name }) => name) ?? []
  const numbers = sizes.map(({ tickets }) => tickets.toLocaleString('en'))
  const cell = (name: string, plans: Plan[]) => {
    const lines = plans.find((plan) => plan.name === name)?.lines ?? []
    return `${timeOf(lines)} ms, ${indexesOf(lines).join(', ')}`
  }
  const rows = names.map((name) => `| \`${name}\` | ${sizes.map(({ plans }) => cell(name, plans)).join(' | ')} |`)
  const sections = sizes.flatMap(({ tickets, plans }) => [
    `## ${tickets.toLocaleString('en')} tickets`,
    ...plans.map(({ name, lines }) => `### ${name}\n\n\`\`\`text\n${readable(lines).join('\n')}\n\`\`\``),
  ])
  return `${[
    '# Query plans',
    'Written by `npm run explain`: EXPLAIN (ANALYZE, BUFFERS) of what finds the page of each listed query, in the role that it runs in, with a warm cache, for one tenant that has this many tickets. Costs are left out. `test/plans` fails when one of them loses its index.',
    `| query | ${numbers.map((number) => `${number} tickets`).join(' | ')} |\n| --- | ${numbers.map(() => '---').join(' | ')} |\n${rows.join('\n')}`,
    ...sections,
  ].join('\n\n')}\n`
}

const server = await startTestServer({ durable: true })
try {
  await createTemplate(server.url)
  const sizes: { tickets: number; plans: Plan[] }[] = []
  for (const tickets of SIZES) {
    console.log(`Seeding ${tickets.toLocaleString('en')} tickets`)
    sizes.push({ tickets, plans: await plansAt(server.url, tickets) })
  }
  writeFileSync(FILE, page(sizes))
  console.log('Wrote docs/query-plans.md')
} finally {
  await server.close()
}

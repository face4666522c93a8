import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { LISTED } from '../test/plans/listed-queries.ts'
import { seedQuickly } from '../test/plans/seed-tickets.ts'
import { percentiles } from './figures.ts'
import { OPERATOR_TOKEN, startSystemProcess } from './system-process.ts'

const TICKETS = Number(process.env.BENCH_TICKETS ?? 1_000_000)
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 200)
const PAGE = 5_000
const TENANT = 'tenant_a'

type Listed = { total: number; total_is_estimate: boolean; next_cursor: string | null; tickets: unknown[] }

/**
 * Lists over HTTP, one request at a time, in milliseconds: each filter in turn with all others, so that what disturbs the
 * machine disturbs all of them; then first pages in turns with pages from deep inside the same list.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    await administer(made.url, (client) => seedQuickly(client, { tenant: TENANT, tickets: TICKETS }))
    const system = await startSystemProcess(made.url, { REQUESTS_PER_MINUTE: '1000000' })
    const ask = async (path: string, query: string) => {
      const started = performance.now()
      const answer = await call<Listed>(`${system.url}${path}?tenant_id=${TENANT}&${query}`, { token: OPERATOR_TOKEN })
      if (answer.status !== 200) throw new Error(`${query}: ${answer.text}`)
      return { milliseconds: performance.now() - started, body: answer.body }
    }
    const taken = new Map(LISTED.map(({ name }) => [name, [] as number[]]))
    for (let request = -5; request < REQUESTS; request += 1) {
      for (const { name, path, query } of LISTED) {
        const { milliseconds } = await ask(path, query)
        if (request >= 0) taken.get(name)?.push(milliseconds)
      }
    }
    console.log(
      `${TICKETS.toLocaleString('en')} tickets of one tenant, 50 a page, ${REQUESTS} requests each, milliseconds`,
    )
    for (const { name, path, query } of LISTED) {
      const { total, total_is_estimate, tickets } = (await ask(path, query)).body
      const number = `${total_is_estimate ? '≈' : '='} ${total.toLocaleString('en')}`
      console.log(`${percentiles(taken.get(name) ?? [])}  ${name} (${tickets.length} of ${number})`)
    }
    await compareDeep(ask, '')
    await compareDeep(ask, 'status=closed')
    await compareDeep(ask, 'q=refund')
    await system.stop()
  } finally {
    await server.close()
  }
}

type Ask = (path: string, query: string) => Promise<{ milliseconds: number; body: Listed }>

async function compareDeep(ask: Ask, query: string): Promise<void> {
  // The same pages of 50, walked to by larger steps.
  const { body } = await ask('/tickets', `${query}&limit=200`)
  let cursor = body.next_cursor
  for (let tickets = 200; cursor !== null && tickets < PAGE * 50; tickets += 200) {
    const next = (await ask('/tickets', `${query}&limit=200&cursor=${cursor}`)).body.next_cursor
    if (next === null) break
    cursor = next
  }
  const [first, deep]: [number[], number[]] = [[], []]
  for (let request = 0; request < REQUESTS; request += 1) {
    first.push((await ask('/tickets', query)).milliseconds)
    deep.push((await ask('/tickets', `${query}&cursor=${cursor}`)).milliseconds)
  }
  console.log(`${percentiles(first)}  ${query || 'all'}: page 1`)
  console.log(`${percentiles(deep)}  ${query || 'all'}: page ${PAGE.toLocaleString('en')} (by cursor)`)
}

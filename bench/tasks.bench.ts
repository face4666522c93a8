import { loadavg } from 'node:os'
import { sleep } from '../src/kernel/abort.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { waitFor } from '../test/harness/wait-for.ts'
import { percentiles } from './figures.ts'
import { type Began, openBare, openSignalbox, type Peer } from './task-peers.ts'

/** How many are put in and worked, and how many a hostile tenant throws in. */
const TASKS = Number(process.env.BENCH_TASKS ?? 5_000)
const FLOOD = Number(process.env.BENCH_FLOOD ?? 100_000)
const KEPT = Number(process.env.BENCH_KEPT ?? 1_000_000)
const LATENCY_SECONDS = Number(process.env.BENCH_SECONDS ?? 20)
const [BATCH, CALLERS, SLOTS] = [500, 10, 8]
const [CALM, HOSTILE] = ['calm', 'hostile']

type Open = (url: string, began: Began) => Promise<Peer>
type Rates = { add: number; work: number }

/**
 * The task engine beside bare pg-boss, on one durable server, in one process each in turn: how many a second go in and are
 * worked, how long they take to begin at half of that, what a flood of another tenant changes, and all of it again with a
 * million ended tasks kept.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  try {
    await createTemplate(server.url)
    const { url } = await createDatabase(server.url)
    await administer(url, (superuser) =>
      superuser.query(`insert into tenants (tenant_id, name) values ($1, $1), ($2, $2)`, [CALM, HOSTILE]),
    )
    const bare: Open = (at, began) => openBare(at, began, 1)
    const bareBatched: Open = (at, began) => openBare(at, began, BATCH)
    console.log(`${TASKS} tasks by ${CALLERS} callers, ${SLOTS} at a time; load ${loadavg()[0]?.toFixed(1)}`)
    await throughput('(warm)', openSignalbox, url)
    const single = await compare('one by one', url, openSignalbox, bare, 1)
    await compare(`by ${BATCH}`, url, openSignalbox, bareBatched, BATCH)
    await latencies(url, bare, single)
    await fairness(url)
    await keep(url)
    await compare(`one by one, ${KEPT} ended ones kept`, url, openSignalbox, bare, 1)
    await latencies(url, bare, single)
  } finally {
    await server.close()
  }
}

async function compare(name: string, url: string, ours: Open, theirs: Open, batch: number): Promise<Rates> {
  const mine = await throughput(`${name}: signalbox`, ours, url, batch)
  const bare = await throughput(`${name}: pg-boss`, theirs, url, batch)
  const share = (what: keyof Rates) => `${Math.round((100 * mine[what]) / bare[what])} %`
  const whole = (rates: Rates) => 1 / (1 / rates.add + 1 / rates.work)
  const both = Math.round((100 * whole(mine)) / whole(bare))
  console.log(`  ${name}: of pg-boss in ${share('add')}, worked ${share('work')}, in and worked ${both} %`)
  return mine
}

/** How many a second go in, then how many are worked when all are there. */
async function throughput(name: string, open: Open, url: string, batch = 1): Promise<Rates> {
  const begun = new Set<number>()
  const peer = await open(url, (id) => begun.add(id))
  const ids = Array.from({ length: TASKS }, (_, id) => id)
  const heaps = Array.from({ length: Math.ceil(TASKS / batch) }, (_, at) => ids.slice(at * batch, (at + 1) * batch))
  const from = performance.now()
  const caller = async () => {
    for (let heap = heaps.pop(); heap; heap = heaps.pop()) await peer.add(CALM, heap)
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  const added = performance.now()
  const stop = await peer.work({ slots: SLOTS, perTenant: Math.max(SLOTS, batch), seconds: 0 })
  await waitFor('not all were worked', () => begun.size === TASKS, 600)
  const worked = performance.now()
  await stop()
  await peer.close()
  const rates = { add: (TASKS / (added - from)) * 1_000, work: (TASKS / (worked - added)) * 1_000 }
  console.log(
    `  ${name.padEnd(44)} in ${rates.add.toFixed(0).padStart(5)}/s, worked ${rates.work.toFixed(0).padStart(5)}/s`,
  )
  return rates
}

/** From before it is put in until its handler begins, at half of what can go in and be worked at the same time. */
async function latencies(url: string, theirs: Open, { add, work }: Rates): Promise<void> {
  const perSecond = 0.5 / (1 / add + 1 / work)
  for (const [name, open] of [
    ['signalbox', openSignalbox],
    ['pg-boss', theirs],
  ] as const) {
    const times = await startTimes(url, open, perSecond)
    console.log(`  until it begins, at ${perSecond.toFixed(0)}/s: ${name.padEnd(10)} ${percentiles(times)} ms`)
  }
}

async function startTimes(url: string, open: Open, perSecond: number): Promise<number[]> {
  const [put, times] = [new Map<number, number>(), [] as number[]]
  const peer = await open(url, (id) => times.push(performance.now() - (put.get(id) ?? 0)))
  const stop = await peer.work({ slots: SLOTS, perTenant: SLOTS, seconds: 0 })
  await steadily(perSecond, LATENCY_SECONDS, async (id) => {
    put.set(id, performance.now())
    await peer.add(CALM, [id])
  })
  await waitFor('not all began', () => times.length === put.size, 120)
  await stop()
  await peer.close()
  return times
}

/** As many a second as asked for, however long each takes. */
async function steadily(perSecond: number, seconds: number, put: (id: number) => Promise<void>): Promise<void> {
  const [from, under] = [performance.now(), [] as Promise<void>[]]
  for (let id = 0; id < perSecond * seconds; id += 1) {
    const early = from + (id * 1_000) / perSecond - performance.now()
    if (early > 1) await sleep(early)
    under.push(put(id))
  }
  await Promise.all(under)
}

/** A calm tenant's tasks, five a second, alone and beside a flood; each takes 20 ms, and a tenant may have half of the slots. */
async function fairness(url: string): Promise<void> {
  const [put, times] = [new Map<number, number>(), [] as number[]]
  const peer = await openSignalbox(url, (id) => {
    const at = put.get(id)
    if (at !== undefined) times.push(performance.now() - at)
  })
  const stop = await peer.work({ slots: SLOTS, perTenant: SLOTS / 2, seconds: 0.02 })
  const calm = async (name: string) => {
    times.length = 0
    put.clear()
    await steadily(5, LATENCY_SECONDS, async (id) => {
      put.set(id, performance.now())
      await peer.add(CALM, [id])
    })
    await waitFor('not all began', () => times.length === put.size, 600)
    console.log(`  until it begins, 5/s ${name.padEnd(38)} ${percentiles(times)} ms`)
    return percentile99(times)
  }
  const alone = await calm('alone')
  for (let first = 0; first < FLOOD; first += 1_000)
    await peer.add(
      HOSTILE,
      Array.from({ length: Math.min(1_000, FLOOD - first) }, (_, at) => -1 - first - at),
    )
  const flooded = await calm(`beside ${FLOOD} tasks of another tenant`)
  console.log(`  p99 beside a flood is ${(flooded / alone).toFixed(2)} times that alone`)
  await stop()
  await peer.close()
  await administer(url, async (superuser) => {
    await superuser.query(`delete from pgboss.job where name = 'tasks'`)
    await superuser.query(`delete from tasks where status <> 'succeeded'`)
  })
}

const percentile99 = (times: readonly number[]) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN

/** Ended tasks of the same tenant, as a quarter of them would lie there. */
async function keep(url: string): Promise<void> {
  await administer(url, async (superuser) => {
    await superuser.query(
      `insert into tasks (tenant_id, kind, payload, attempts_max, created_by, status, is_offered, run_after, turn, started_at, ended_at, attempt, result)
       select $1, 'bench.nothing', '{}', 3, 'bench', 'succeeded', true, at, at, at, at, 1, '{"ok":true}'
       from (select now() - n * interval '1 second' as at from generate_series(1, $2::int) n) as ended`,
      [CALM, KEPT],
    )
    await superuser.query('vacuum analyze tasks')
  })
}

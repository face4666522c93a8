import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { testApp } from '../../../../test/harness/app.ts'
import { call } from '../../../../test/harness/call.ts'
import { testTasks } from '../../../../test/harness/tasks.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { defineTaskKind } from '../../../core/tasks/index.ts'
import { createLogger } from '../../../kernel/logger.ts'
import { platformRoute, reply } from '../../http/index.ts'
import { createMetrics, during, watchEventLoop } from '../index.ts'

const LIMIT_MS = 100

/** Holds the loop for several times the limit. */
function holdTheLoop(): number {
  const until = performance.now() + LIMIT_MS * 6
  let rounds = 0
  while (performance.now() < until) rounds += 1
  return rounds
}

type Line = { during: string; duration_ms: number; cpu_ms: number; frames: string[] }

function watch() {
  const lines: Line[] = []
  const write = (line: string) => void lines.push(JSON.parse(line) as Line)
  const metrics = createMetrics()
  const logger = createLogger({ level: 'warn', destination: { write } })
  const watching = watchEventLoop({ limitMs: LIMIT_MS, logger, metrics })
  onTestFinished(() => watching.stop())
  return {
    metrics,
    watching,
    lines,
    /** The line about what holds the loop there: again and again, as the thread that looks in has to start first. */
    told: (name: string, hold: () => unknown, place = 'holdTheLoop') =>
      waitFor(`nobody was told to have held the loop during ${name}`, async () => {
        await hold()
        return lines.find(({ during, frames }) => during === name && frames.join('\n').includes(place))
      }),
  }
}

const app = testApp([
  platformRoute({
    ...{ operationId: 'hold', method: 'GET', path: '/held/:how', tag: 'Things', summary: 'Holds the loop' },
    ...{ access: 'public', params: z.strictObject({ how: z.string() }), responses: { 200: z.number() } },
    handle: async () => {
      await sleep(1)
      return reply(200, holdTheLoop())
    },
  }),
])
const tasks = testTasks()

describe('who held the event loop', () => {
  it('is logged by name and place in the code, and counted', async () => {
    const { told, metrics } = watch()
    const line = await told('planted', () => during('planted', holdTheLoop))
    // Not the first: the look may come while the loop asks what time it is.
    expect(line.frames.join('\n')).toMatch(
      /holdTheLoop .*src\/platform\/telemetry\/event-loop\/event-loop\.test\.ts\S*:\d+/,
    )
    expect(line.duration_ms).toBeGreaterThan(LIMIT_MS)
    expect(line.cpu_ms).toBeGreaterThan(0)
    const scraped = await metrics.scrape()
    expect(scraped).toMatch(/signalbox_event_loop_held_seconds_total\{by="planted"\} \d/)
    const max = Number(/^signalbox_event_loop_lag_max_seconds (\S+)/m.exec(scraped)?.[1])
    expect(max).toBeGreaterThan(LIMIT_MS / 1_000)
    const median = Number(/^signalbox_event_loop_lag_p50_seconds (\S+)/m.exec(scraped)?.[1])
    expect(median).toBeLessThanOrEqual(max)
  })

  it('is a route, as it was declared, also behind what its handler waits for', async () => {
    const { told } = watch()
    await told('GET /api/v1/held/:how', () => call(`${app.url}/held/how-it-was-called`))
  })

  it('is a kind of task', async () => {
    const { told } = watch()
    const kind = defineTaskKind<Record<string, never>>({
      ...{ name: 'test.hold', payload: z.strictObject({}), timeLimitSeconds: 60 },
      retry: { attemptsMax: 1, baseSeconds: 1, capSeconds: 1 },
      handle: async () => holdTheLoop(),
    })
    await tasks.work([kind] as never)
    await told('task test.hold', async () => tasks.reaches(await tasks.add('tenant_a', kind as never, {}), 'succeeded'))
  })

  it('is found where the code cannot be interrupted, too: a search that runs away', async () => {
    const { told } = watch()
    const search = () => /^(?:a+)+$/.test(`${'a'.repeat(25)}!`)
    await told('search', () => during('search', search), 'RegExp.test')
  })

  it('is nobody while nobody holds it', async () => {
    const { lines, told } = watch()
    await told('harm', () => during('harm', holdTheLoop))
    for (let turn = 0; turn < 20; turn++) await during('harmless', () => sleep(LIMIT_MS / 10))
    // A machine that gives this process no time holds it too; that nobody here worked for so long is what counts.
    expect(lines.filter((line) => line.during === 'harmless' && line.cpu_ms >= LIMIT_MS)).toEqual([])
  })

  it('is not looked for any more when the watch has stopped', async () => {
    const [stopped, other] = [watch(), watch()]
    await stopped.told('before', () => during('before', holdTheLoop))
    await stopped.watching.stop()
    await stopped.watching.stop()
    await other.told('afterwards', () => during('afterwards', holdTheLoop))
    expect(stopped.lines.filter((line) => line.during === 'afterwards')).toEqual([])
  })
})

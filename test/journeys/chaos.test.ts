import { expect, it } from 'vitest'
import { playChaos } from '../chaos/play.ts'
import { makeSchedule } from '../chaos/schedule.ts'

/** One whose schedule kills and freezes processes, stops and freezes the database, and abuses all. */
const SEED = 1504
const SECONDS = 25
const EXPECTED = [
  ...(['kill', 'freeze', 'stop database', 'freeze database'] as const),
  ...(['flood', 'stall readers', 'hold half-open sockets', 'poison import'] as const),
]

it('what is killed, frozen, restarted and lied to for half a minute has lost and doubled nothing afterwards', {
  timeout: 1_200_000,
}, async () => {
  const done = new Set(makeSchedule(SEED, SECONDS * 1_000).map(({ action }) => action.do))
  for (const outage of EXPECTED) expect(done).toContain(outage)
  const printed: string[] = []
  const problems = await playChaos({
    seed: SEED,
    durationMs: SECONDS * 1_000,
    print: (sentence) => printed.push(sentence),
  })
  expect(problems, printed.join('\n')).toEqual([])
})

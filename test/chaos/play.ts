import { sleep } from '../../src/kernel/abort.ts'
import { counterDifferences } from '../harness/counters.ts'
import { ticketsAtProvider } from '../harness/provider.ts'
import { ticketDifferences } from '../harness/ticket-differences.ts'
import { openActor } from './act.ts'
import { invariantViolations, receiverViolations } from './invariants.ts'
import { openScene, type Scene } from './scene.ts'
import { makeSchedule, TENANTS } from './schedule.ts'
import { drain, mend, runOnceMore } from './settle.ts'
import { whatHappened } from './what-happened.ts'

/**
 * Plays the schedule of a seed on a system of its own, lets it recover, and says what is wrong then: a sentence each,
 * none when every invariant holds.
 */
export async function playChaos(options: {
  seed: number
  durationMs: number
  print: (sentence: string) => void
}): Promise<string[]> {
  const { seed, durationMs, print } = options
  const began = performance.now()
  const say = (sentence: string) =>
    print(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${sentence}`)
  const scene = await openScene(seed, say)
  try {
    await scene.begin()
    const actor = await openActor(scene)
    const started = performance.now()
    for (const { atMs, action } of makeSchedule(seed, durationMs)) {
      await sleep(Math.max(0, atMs - (performance.now() - started)))
      await actor.act(action)
    }
    say('the schedule is over')
    await mend(scene)
    await actor.finished()
    await runOnceMore(scene)
    await drain(scene)
    for (const sentence of await whatHappened(scene.databaseUrl)) say(sentence)
    return await look(scene)
  } catch (error) {
    return [...scene.faults, (error as Error).message]
  } finally {
    await scene.close()
  }
}

async function look(scene: Scene): Promise<string[]> {
  const { databaseUrl, helpdesk, ledger, faults, processes } = scene
  const expected = await Promise.all(TENANTS.map((tenant) => ticketsAtProvider(helpdesk, tenant)))
  const found = [
    ...(await ticketDifferences(databaseUrl, expected.flat())),
    ...(await counterDifferences(databaseUrl)),
    ...(await invariantViolations(databaseUrl, ledger)),
    ...(await receiverViolations(databaseUrl, helpdesk.notifications())),
  ]
  const ends = await Promise.all(processes.map((each) => each.stop()))
  const unclean = ends.flatMap((end, index) => (end?.code === 0 ? [] : `process ${index} ended with ${end?.code}`))
  return [...faults, ...found, ...unclean]
}

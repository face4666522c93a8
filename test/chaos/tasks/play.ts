import { sleep } from '../../../src/kernel/abort.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { act } from './act.ts'
import { taskViolations } from './invariants.ts'
import { openTaskScene, type TaskScene, TENANTS } from './scene.ts'
import { makeTaskSchedule, type TransportName } from './schedule.ts'
import { watchLeases } from './watch.ts'

const TASKS_EVERY_MS = 250
/** Of the tasks of a dead worker, from the end of its lease until they run again. */
const RESUMED_WITHIN_SECONDS = 15

/**
 * Plays the schedule of a seed on tasks over one transport, lets it recover, and says what is wrong then: a sentence each,
 * none when nothing was lost, nothing ended twice, and what dead workers had ran again in time.
 */
export async function playTaskChaos(options: {
  seed: number
  durationMs: number
  transport: TransportName
  print: (sentence: string) => void
}): Promise<string[]> {
  const { seed, durationMs, transport } = options
  const began = performance.now()
  const print = (sentence: string) =>
    options.print(`${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${sentence}`)
  const scene = await openTaskScene(transport, print)
  try {
    await scene.begin()
    const watch = await watchLeases(scene.databaseUrl, () => scene.workers.some((worker) => worker.url() !== undefined))
    const load = addTasksUntilStopped(scene)
    const started = performance.now()
    for (const { atMs, action } of makeTaskSchedule(seed, durationMs, transport)) {
      await sleep(Math.max(0, atMs - (performance.now() - started)))
      await act(scene, action)
    }
    print('the schedule is over')
    const acknowledged = await load.stop()
    await waitFor('tasks are left that did not end', async () => (await living(scene)) === 0)
    const resumptions = (await watch.end()).map(({ seconds }) => seconds).toSorted((a, b) => a - b)
    const late = resumptions.filter((seconds) => seconds > RESUMED_WITHIN_SECONDS)
    const [longest = 0] = resumptions.slice(-1)
    const middle = resumptions[Math.floor(resumptions.length / 2)] ?? 0
    print(
      `${acknowledged.length} tasks were added, ${resumptions.length} attempts lost; after the end of a lease a task`,
    )
    print(`ran again within ${middle.toFixed(1)} s (median) and ${longest.toFixed(1)} s (longest)`)
    const wrong = await taskViolations(scene.superuser, acknowledged)
    return [...scene.faults, ...wrong, ...late.map((seconds) => `a task of a dead worker ran again after ${seconds} s`)]
  } catch (error) {
    return [...scene.faults, (error as Error).message]
  } finally {
    await scene.close()
  }
}

const living = async ({ superuser }: TaskScene) => {
  const { rows } = await superuser.query<{ count: string }>(
    `select count(*) from tasks where status in ('queued', 'running', 'retrying')`,
  )
  return Number(rows[0]?.count)
}

/** Short tasks and ones that go on step by step, of all tenants, as fast as they are taken. */
function addTasksUntilStopped({ client, print }: TaskScene) {
  const acknowledged: string[] = []
  let over = false
  const add = async (nr: number) => {
    const tenant = TENANTS[nr % TENANTS.length]
    const isLong = nr % 2 === 0
    const work = isLong ? { kind: 'demo.progress', payload: { steps: 8, milliseconds: 250 } } : {}
    const task = { title: `Task ${nr}`, attempts_max: 50, ...work }
    const { status, body } = await client.ask<{ task_id: string }>(`/tasks?tenant_id=${tenant}`, 'POST', task)
    if (status !== 201) print(`WRONG: a task was refused with ${status}`)
    else acknowledged.push(body.task_id)
  }
  const run = async () => {
    for (let nr = 0; !over; nr += 1) {
      await add(nr)
      await sleep(TASKS_EVERY_MS)
    }
  }
  const running = run()
  return {
    stop: async () => {
      over = true
      await running
      return acknowledged
    },
  }
}

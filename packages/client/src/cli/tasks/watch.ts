import type { Client } from '../../client.ts'
import { NoStreamError } from '../../events.ts'
import { wait } from '../../wait.ts'
import { plain, type Screen } from '../screen.ts'
import { bar, distance, exitOf, isEnded, shareOf, styleOf, type Task, type TaskListed, titleOf } from './task.ts'

/** How a task is, or something that happened to it. */
type Happening =
  | { event: 'state'; data: TaskListed }
  | { event: 'log'; data: { at: string; text?: string } }
  | {
      event: 'attempt_ended'
      data: { at: string; attempt?: number; outcome?: string; seconds?: number; error?: { message: string } }
    }
  | { event: 'ended'; data: { at: string; outcome?: string } }
  | { event: 'created' | 'cancel_requested'; data: { at: string } }

type Watching = { screen: Screen; json: boolean; pollMs?: number }

/** Where the server has no streams, or something between holds them up. */
const POLL_MS = 1_000
const FRAME_MS = 100
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Shows how a task goes on until it has ended; returns what to end with. */
export async function watchTask(
  client: Client,
  taskId: string,
  { screen, json, pollMs = POLL_MS }: Watching,
): Promise<number> {
  const line = json ? undefined : progressLine(screen)
  let outcome = 'unknown'
  try {
    for await (const happening of happeningsOf(client, taskId, pollMs)) {
      if (json) screen.say(JSON.stringify({ event: happening.event, ...happening.data }))
      else line?.show(happening)
      if (happening.event === 'ended') outcome = happening.data.outcome ?? outcome
    }
  } finally {
    line?.stop()
  }
  if (!json) screen.say(await lastWords(client, taskId, outcome, screen))
  return exitOf(outcome)
}

async function* happeningsOf(client: Client, taskId: string, pollMs: number): AsyncGenerator<Happening> {
  try {
    const path = `/api/v1/tasks/${encodeURIComponent(taskId)}/events`
    yield* client.stream(path, { isLast: ({ event }) => event === 'ended' }) as AsyncGenerator<Happening>
  } catch (error) {
    if (!(error instanceof NoStreamError)) throw error
    yield* statesOf(client, taskId, pollMs)
  }
}

/** Asks again and again; what has not changed costs an empty 304. */
async function* statesOf(client: Client, taskId: string, pollMs: number): AsyncGenerator<Happening> {
  let [etag, shown] = ['', '']
  while (true) {
    const headers: Record<string, string> = etag === '' ? {} : { 'if-none-match': etag }
    const response = await client.fetch(`/api/v1/tasks/${encodeURIComponent(taskId)}`, { headers })
    if (response.status !== 304) {
      etag = response.headers.get('etag') ?? ''
      const task = (await response.json()) as Task
      if (JSON.stringify(task) !== shown) yield { event: 'state', data: task }
      shown = JSON.stringify(task)
      if (isEnded(task.status)) return yield { event: 'ended', data: { at: task.ended_at ?? '', outcome: task.status } }
    }
    await wait(pollMs)
  }
}

/** On a terminal one line that moves, with what the task says above it; else a line for each thing that happens. */
function progressLine(screen: Screen) {
  let [task, frame, told] = [undefined as TaskListed | undefined, 0, '']
  const draw = () => {
    if (!task) return
    const share = shareOf(task)
    frame = (frame + 1) % FRAMES.length
    const spinner = FRAMES[frame]
    const parts = [spinner, screen.paint(styleOf(task.status), task.status), titleOf(task).slice(0, 40)]
    if (task.attempt > 1) parts.push(`attempt ${task.attempt} of ${task.attempts_max}`)
    if (share !== undefined) parts.push(bar(share))
    parts.push(distance(task.created_at))
    screen.draw(parts.join('  '))
  }
  const moving = screen.isLive ? setInterval(draw, FRAME_MS) : undefined
  const tellState = (state: TaskListed) => {
    task = state
    const share = shareOf(state)
    const now = [state.status, share === undefined ? '' : bar(share, 10)].join(' ').trim()
    if (moving === undefined && now !== told && !isEnded(state.status)) screen.say(now)
    told = now
  }
  return {
    show(happening: Happening) {
      switch (happening.event) {
        case 'state':
          return tellState(happening.data)
        case 'log':
          return screen.say(`${screen.paint('grey', clock(happening.data.at))} ${plain(happening.data.text ?? '')}`)
        case 'attempt_ended': {
          const { at, attempt, outcome = '', seconds, error } = happening.data
          const why = error === undefined ? '' : `: ${plain(error.message)}`
          return screen.say(
            `${screen.paint('grey', clock(at))} attempt ${attempt} ${outcome} after ${seconds?.toFixed(1)} s${why}`,
          )
        }
        case 'cancel_requested':
          return screen.say(`${screen.paint('grey', clock(happening.data.at))} asked to stop`)
      }
    },
    stop() {
      clearInterval(moving)
      screen.clear()
    },
  }
}

const clock = (time: string) => time.slice(11, 19)

async function lastWords(client: Client, taskId: string, outcome: string, screen: Screen): Promise<string> {
  if (outcome === 'deleted') return 'It was deleted.'
  const task = await client.get('/api/v1/tasks/{task_id}', { params: { path: { task_id: taskId } } })
  const result = task.result === null || task.result === undefined ? '' : `: ${plain(JSON.stringify(task.result))}`
  const why = task.error === null ? result : `: ${plain(task.error.message)}`
  return `${screen.paint(styleOf(task.status), task.status)}${why}`
}

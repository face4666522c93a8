import type { components } from '../../api.generated.ts'
import { EXIT } from '../exit.ts'
import { plain, type Screen, type Style } from '../screen.ts'

export type Task = components['schemas']['Task']
export type TaskListed = components['schemas']['TaskListed']
export type Status = Task['status']

const STYLES: Record<Status, Style> = {
  queued: 'grey',
  running: 'blue',
  retrying: 'yellow',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'yellow',
}
export const styleOf = (status: Status): Style => STYLES[status]
export const titleOf = (task: { title: string | null; kind: string }) => plain(task.title ?? task.kind)

export const isEnded = (status: string): boolean => ['succeeded', 'failed', 'cancelled'].includes(status)

/** What waiting for a task ends with. */
export const exitOf = (status: string): number => (status === 'succeeded' ? EXIT.ok : EXIT.failed)

/** How long ago or until then, in its largest unit. */
export function distance(time: string, now = Date.now()): string {
  const seconds = Math.round(Math.abs(now - Date.parse(time)) / 1_000)
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1]
  return `${Date.parse(time) > now + 999 ? 'in ' : ''}${Math.floor(seconds / size)} ${unit}`
}
const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
]

/** How far a task says it is, where it says so: `done` of `total`. */
export function shareOf({ progress, status }: Pick<TaskListed, 'progress' | 'status'>): number | undefined {
  if (status === 'succeeded') return 1
  const { done, total } = progress as { done?: unknown; total?: unknown }
  return typeof done === 'number' && typeof total === 'number' && total > 0 ? Math.min(1, done / total) : undefined
}

export function bar(share: number, columns = 24): string {
  const filled = Math.round(share * columns)
  return `${'█'.repeat(filled)}${'░'.repeat(columns - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`
}

/** A task on a screen, its parts one below the other. */
export function describeTask(task: Task, screen: Screen): string {
  const share = shareOf(task)
  const lines: [string, string | null | undefined][] = [
    ['Task', task.task_id],
    ['Title', task.title],
    ['Description', task.description],
    ['Kind', task.is_system ? `${task.kind} (the system’s own)` : task.kind],
    ['Status', screen.paint(styleOf(task.status), task.status) + (task.cancel_requested ? ', asked to stop' : '')],
    ['Progress', share === undefined || task.status === 'queued' ? null : bar(share)],
    ['Attempt', `${task.attempt} of ${task.attempts_max}`],
    ['Priority', String(task.priority)],
    ['Made by', `${plain(task.created_by)}, ${task.created_at}`],
    ['Not before', Date.parse(task.run_at) > Date.now() && !isEnded(task.status) ? task.run_at : null],
    ['Started', task.started_at],
    ['Ended', task.ended_at],
    ['Dedupe key', task.dedupe_key],
    ['Concurrency', task.concurrency_key],
    ['Error', task.error && `${task.error.message} (${task.error.code})`],
    ['Payload', asJson(task.payload)],
    ['Result', asJson(task.result)],
  ]
  // The status carries our own colours.
  return lines
    .filter(([, text]) => text)
    .map(([name, text]) => `${screen.paint('bold', name.padEnd(12))} ${name === 'Status' ? text : plain(text ?? '')}`)
    .join('\n')
}

const asJson = (value: unknown) =>
  value === null || value === undefined || JSON.stringify(value) === '{}' ? null : JSON.stringify(value)

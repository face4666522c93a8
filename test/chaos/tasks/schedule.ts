import { randomStream } from '../../../mock-provider/random.ts'
import type { SqsFault } from '../../fakes/sqs.ts'

export const TRANSPORTS = ['postgres', 'sqs'] as const
export type TransportName = (typeof TRANSPORTS)[number]

export type TaskAction =
  | { kind: 'kill' | 'freeze'; worker: number }
  | { kind: 'kill_all' | 'terminate' | 'block' | 'tell_twice' }
  | { kind: 'sqs'; fault: SqsFault }

const FIRST_MS = 3_000
const [PAUSE_MIN_MS, PAUSE_MAX_MS] = [3_000, 6_000]
const SQS_FAULTS: readonly SqsFault[] = [
  ...(['outage', 'throttle', 'duplicate', 'reorder'] as const),
  ...(['late_deletes', 'short_visibility', 'lose_sends', 'refuse_first'] as const),
]

/** What is done to workers, connections and messages, and when: the same for the same seed. Each kind comes at least once. */
export function makeTaskSchedule(
  seed: number,
  durationMs: number,
  transport: TransportName,
): { atMs: number; action: TaskAction }[] {
  const random = randomStream(seed, 'tasks')
  const worker = () => random.integer(0, 1)
  const fault = () =>
    ({ kind: 'sqs', fault: SQS_FAULTS[random.integer(0, SQS_FAULTS.length - 1)] ?? 'outage' }) as const
  const kinds: (() => TaskAction)[] = [
    () => ({ kind: 'kill', worker: worker() }),
    () => ({ kind: 'freeze', worker: worker() }),
    () => ({ kind: 'kill_all' }),
    () => ({ kind: 'terminate' }),
    () => ({ kind: 'block' }),
    () => ({ kind: 'tell_twice' }),
    ...(transport === 'sqs' ? [fault, fault] : []),
  ]
  const actions: { atMs: number; action: TaskAction }[] = []
  let deck: (() => TaskAction)[] = []
  for (let atMs = FIRST_MS; atMs < durationMs; atMs += random.integer(PAUSE_MIN_MS, PAUSE_MAX_MS)) {
    if (deck.length === 0) deck = [...kinds]
    const [next] = deck.splice(random.integer(0, deck.length - 1), 1)
    if (next) actions.push({ atMs, action: next() })
  }
  return actions
}

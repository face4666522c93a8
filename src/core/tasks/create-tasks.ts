import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { type Caller, invalid } from '../../platform/http/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { demandFitting, isCustom } from './custom/custom-kinds.ts'
import { addTasks } from './enqueue-task.ts'
import { taskFault } from './faults.ts'
import { bytesOf, NOTE, type OfferedKind, PAYLOAD_BYTES_MAX } from './offer.ts'
import type { CustomKind } from './store/custom-kinds.ts'
import type { NewTask } from './store/enqueue.ts'

/** A task as a caller hands it over; its payload fits its kind. */
export type HandedOver = {
  kind?: string | undefined
  title?: string | undefined
  description?: string | undefined
  payload?: unknown
  priority?: number | undefined
  run_at?: string | undefined
  attempts_max?: number | undefined
  dedupe_key?: string | undefined
  concurrency_key?: string | undefined
}

/** What became of one: a live task of its kind and key may have been there already. */
export type CreatedTask = { taskId: string; created: boolean }

type Creating = { queue: Queue; kinds: ReadonlyMap<string, OfferedKind> }
type Asking = { tx: Tx; tenantId: TenantId; caller: Caller }

/**
 * Adds tasks in the caller's transaction, in their order: all or none. Of several with one kind and dedupe key the first is
 * made, and the others are told its id.
 *
 * @throws http.invalid, http.forbidden, tasks.payload_too_large
 */
export async function createTasks(
  { queue, kinds }: Creating,
  { tx, tenantId, caller }: Asking,
  handedOver: readonly HandedOver[],
): Promise<CreatedTask[]> {
  const own = await customOf(tx, handedOver)
  const tasks = handedOver.map((each) => asNewTask({ kinds, own }, each, caller.id))
  await demandOffers(kinds, tasks, { caller, tenantId })
  const firstOfKey = new Map<string, number>()
  const places = tasks.map((task, place) => {
    const key = task.uniqueKey == null ? `#${place}` : `${task.kind} ${task.uniqueKey}`
    if (!firstOfKey.has(key)) firstOfKey.set(key, firstOfKey.size)
    return firstOfKey.get(key) as number
  })
  const isFirst = (place: number) => places.indexOf(places[place] as number) === place
  const added = await addTasks(
    queue,
    tx,
    tenantId,
    tasks.filter((_, place) => isFirst(place)),
  )
  return places.map((at, place) => {
    const made = added[at]
    if (!made) throw new Error('a task was not added')
    return { taskId: made.taskId, created: made.created && isFirst(place) }
  })
}

/** The tenant's own kinds among these, whose payloads fit what was registered. */
function customOf(tx: Tx, handedOver: readonly HandedOver[]): Promise<Map<string, CustomKind>> {
  const fieldOf = (place: number) => (handedOver.length === 1 ? 'payload' : `tasks.${place}.payload`)
  const custom = handedOver.flatMap(({ kind, payload = {} }, place) =>
    kind !== undefined && isCustom(kind) ? [{ kind, payload, field: fieldOf(place) }] : [],
  )
  return custom.length === 0 ? Promise.resolve(new Map()) : demandFitting(tx, custom)
}

type Known = { kinds: Creating['kinds']; own: ReadonlyMap<string, CustomKind> }

function asNewTask({ kinds, own }: Known, task: HandedOver, createdBy: string): NewTask {
  const name = task.kind ?? NOTE
  const custom = own.get(name)
  const attemptsMax = custom?.attemptsMax ?? kinds.get(name)?.retry.attemptsMax
  if (attemptsMax === undefined)
    throw invalid([{ in: 'body', field: 'kind', message: `${name} is not a kind that can be handed over` }])
  const payload = task.payload ?? {}
  const bytes = bytesOf(payload)
  if (bytes > PAYLOAD_BYTES_MAX) {
    throw taskFault('tasks.payload_too_large', {
      public: `The payload has ${bytes} bytes as JSON; ${PAYLOAD_BYTES_MAX} is the most. Keep what is large elsewhere and hand over where it is.`,
      internal: 'a payload beyond its bound',
    })
  }
  return {
    ...{ kind: name, payload, createdBy, isOffered: true, workedOutside: custom !== undefined },
    attemptsMax: task.attempts_max ?? attemptsMax,
    ...{ title: task.title ?? null, description: task.description ?? null, priority: task.priority ?? 0 },
    ...{ uniqueKey: task.dedupe_key ?? null, concurrencyKey: task.concurrency_key ?? null, runAt: task.run_at ?? null },
  }
}

/**
 * Handing over what one may not do oneself would be a way around permissions. @throws tasks.kind_not_permitted
 */
export async function demandOffers(
  kinds: Creating['kinds'],
  tasks: readonly Pick<NewTask, 'kind' | 'payload'>[],
  { caller, tenantId }: { caller: Caller; tenantId: TenantId },
): Promise<void> {
  const wanted = new Map<string, string>()
  for (const { kind, payload } of tasks) {
    const { permission, permissionFor } = kinds.get(kind)?.offer ?? {}
    for (const each of [permission, permissionFor?.(payload)]) if (each !== undefined) wanted.set(each, kind)
  }
  for (const [permission, name] of wanted) {
    if ((await caller.decide(permission, tenantId)) === 'allowed') continue
    throw taskFault('tasks.kind_not_permitted', {
      public: `A task of the kind ${name} needs the permission ${permission} in tenant ${tenantId}.`,
      internal: `${caller.id} lacks ${permission} for a task of ${name}`,
    })
  }
}

/**
 * The life of a task.
 *
 *   queued ──claim──▶ running ──▶ succeeded | failed | cancelled
 *     │                 │  ▲
 *     │                 ▼  │ claim, when its time has come
 *     │              retrying          (failed but may be tried again, handed back, or its worker was lost)
 *     └──▶ cancelled ◀──┘
 */
export const TASK_STATUSES = ['queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled'] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

const ENDED = ['succeeded', 'failed', 'cancelled'] as const satisfies TaskStatus[]

export const isEnded = (status: TaskStatus): boolean => (ENDED as readonly TaskStatus[]).includes(status)

export { installQueue, QUEUE_SCHEMA } from './pg-boss/install-queue.ts'
export { openQueue } from './pg-boss/open-queue.ts'
export type { Queue, QueueDefinition, QueueEntry } from './queue.ts'

import type { RetentionByTable } from '../upkeep/index.ts'

export const queueRetention: RetentionByTable = {
  'pgboss.*': {
    becomes: 'kept',
    what: 'the queue: jobs, each of which points to a task',
    why: 'The engine removes jobs itself: an hour after they have ended, or after 30 days; it looks every 10 minutes. It keeps no archive.',
  },
}

export { installQueue, QUEUE_SCHEMA, type QueueDefinition } from './install-queue.ts'
export { openQueue, type Queue, type QueueEntry } from './open-queue.ts'

import type { RetentionByTable } from '../upkeep/index.ts'

export const queueRetention: RetentionByTable = {
  'pgboss.*': {
    becomes: 'kept',
    what: 'the queue: jobs, each of which points to a task',
    why: 'The engine removes jobs itself: an hour after they have ended, or after 30 days; it looks every 10 minutes. It keeps no archive.',
  },
}

export { installQueue, QUEUE_SCHEMA, type QueueDefinition } from './install-queue.ts'
export { openQueue, type Queue, type QueueEntry } from './open-queue.ts'

export { openTransport } from './open-transport.ts'
export { installQueue, QUEUE_SCHEMA } from './pg-boss/install-queue.ts'
export { openQueue } from './pg-boss/open-queue.ts'
export type { DeadHandler, Queue, QueueDefinition, QueueEntry } from './queue.ts'
export { BATCH_MAX } from './sqs/calls.ts'
export { openSqsQueue, type SqsQueue } from './sqs/open-sqs-queue.ts'
export { type SqsSettings, sqsSettings } from './sqs/settings.ts'

export const queueMigrations = { module: 'platform/queue', directory: new URL('./migrations/', import.meta.url) }

import type { RetentionByTable } from '../upkeep/index.ts'

export const queueRetention: RetentionByTable = {
  'outbox.messages': {
    becomes: 'kept',
    what: 'messages on their way to workers over SQS',
    why: 'Each is removed when a worker is done with it; there are about as many as tasks that live.',
  },
  'pgboss.*': {
    becomes: 'kept',
    what: 'the queue: jobs, each of which points to a task',
    why: 'The engine removes jobs itself: an hour after they have ended, or after 30 days; it looks every 10 minutes. It keeps no archive.',
  },
}

import { z } from 'zod'
import { cap, flag, httpUrl, seconds, type Variable } from './config-parts.ts'

/** What tells workers of tasks, and everything about SQS. */
export const queueVariables = {
  SIGNALBOX_QUEUE: {
    schema: z.enum(['postgres', 'sqs']).default('postgres'),
    bound: 'postgres or sqs',
    example: 'sqs',
    about: 'what tells workers of tasks; sqs needs SQS_QUEUE_URL, and is to be the same for all processes',
  },
  SQS_QUEUE_URL: {
    schema: httpUrl.optional(),
    bound: 'an http(s) URL',
    example: 'https://sqs.eu-central-1.amazonaws.com/123456789012/signalbox-tasks',
    about: 'the queue of AWS SQS; one whose name ends with .fifo is a FIFO queue',
  },
  SQS_DEAD_LETTER_QUEUE_URL: {
    schema: httpUrl.optional(),
    bound: 'an http(s) URL',
    example: 'https://sqs.eu-central-1.amazonaws.com/123456789012/signalbox-tasks-dead',
    about: 'where the redrive policy of that queue puts what was received too often; unset = nobody looks there',
  },
  SQS_REGION: {
    schema: z.string().min(1).max(50).optional(),
    bound: 'a region of AWS',
    example: 'eu-central-1',
    about: 'the region of the queue; unset = the one that its URL names',
  },
  SQS_ENDPOINT: {
    schema: httpUrl.optional(),
    bound: 'an http(s) URL',
    example: 'http://127.0.0.1:4566',
    about: 'another server than AWS that speaks its protocol',
  },
  SQS_FAIR: {
    schema: flag.default(true),
    bound: 'true or false',
    example: 'false',
    about: 'names the tenant as the message group on a standard queue, which makes it a fair one',
  },
  SQS_WAIT_SECONDS: {
    schema: seconds(1, 20).default(10),
    bound: '1 to 20 seconds',
    example: '20',
    about: 'how long a call for messages waits for one, and so how long an idle worker may take to stop',
  },
  SQS_VISIBILITY_SECONDS: {
    schema: seconds(2, 43_200).default(30),
    bound: '2 to 43200 seconds',
    example: '30',
    about: 'how long a message stays hidden that a worker has and does not extend',
  },
  SQS_RETRIES: {
    schema: z.coerce.number().int().min(0).max(10).default(3),
    bound: '0 to 10 retries',
    example: '3',
    about: 'how often a call of SQS that failed is made again',
  },
  SQS_RETRY_SECONDS: {
    schema: z.coerce.number().min(0.01).max(60).default(1),
    bound: '0.01 to 60 seconds',
    example: '1',
    about: 'the wait before the first of them; each further wait is twice as long',
  },
  SQS_RESEND_SECONDS: {
    schema: seconds(1, 3_600).default(120),
    bound: '1 to 3600 seconds',
    example: '120',
    about: 'after how long a message that no worker has taken is sent again; twice as long each further time',
  },
  SQS_UNDER_WAY_MAX: {
    ...cap('messages', { most: 100_000, usual: 1_000 }),
    about: 'messages in SQS at once; what else waits does so in the database, in its order',
  },
} as const satisfies Record<string, Variable>

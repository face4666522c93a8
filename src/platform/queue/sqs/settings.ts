import type { Config } from '../../../kernel/config.ts'

/** How messages get to SQS and back. Seconds, and counts of messages. */
export type SqsSettings = {
  queueUrl: string
  /** Where the redrive policy of the queue puts what was received too often; without it nobody looks there. */
  deadLetterUrl: string | undefined
  /** Another server than AWS, as tests have. */
  endpoint: string | undefined
  region: string
  isFifo: boolean
  /** Names the tenant as the message's group on a standard queue, too: a fair queue. */
  isFair: boolean
  /** How long a call for messages waits for one. */
  waitSeconds: number
  /** For how long a message that a worker has stays hidden without being extended. */
  visibilitySeconds: number
  /** Of a failed call: so often again, and how long the first time; each further time twice as long. */
  retries: number
  retrySeconds: number
  /** A message that no worker has taken after that long is sent again, then after twice as long, up to 32 times. */
  resendSeconds: number
  /** Messages that have left and are not over yet, at the most. What else waits does so in the database, in its order. */
  underWayMax: number
  /** Of them, those of one tenant. */
  underWayPerGroup: number
}

const AWS_HOST = /^sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/
const REGION_WITHOUT_ONE = 'us-east-1'

/** @throws when there is no SQS_QUEUE_URL, which `parseConfig` has seen to. */
export function sqsSettings(config: Config): SqsSettings {
  const queueUrl = config.SQS_QUEUE_URL
  if (queueUrl === undefined) throw new Error('SQS_QUEUE_URL is not set')
  const address = new URL(queueUrl)
  return {
    queueUrl,
    deadLetterUrl: config.SQS_DEAD_LETTER_QUEUE_URL,
    endpoint: config.SQS_ENDPOINT,
    region: config.SQS_REGION ?? AWS_HOST.exec(address.hostname)?.[1] ?? REGION_WITHOUT_ONE,
    isFifo: address.pathname.endsWith('.fifo'),
    isFair: config.SQS_FAIR,
    waitSeconds: config.SQS_WAIT_SECONDS,
    visibilitySeconds: config.SQS_VISIBILITY_SECONDS,
    retries: config.SQS_RETRIES,
    retrySeconds: config.SQS_RETRY_SECONDS,
    resendSeconds: config.SQS_RESEND_SECONDS,
    underWayMax: config.SQS_UNDER_WAY_MAX,
    underWayPerGroup: config.TASK_CONCURRENCY_PER_TENANT,
  }
}

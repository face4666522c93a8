import { afterAll, beforeAll } from 'vitest'
import { openListener } from '../../src/platform/database/index.ts'
import { openQueue, openSqsQueue, type Queue, type SqsSettings } from '../../src/platform/queue/index.ts'
import { type FakeSqs, startFakeSqs } from '../fakes/sqs.ts'
import { silent } from './database.ts'

/** Opens a transport on a database, as a process of its own would: `perTenant` of one tenant's at a time over all. */
export type OpenTransport = (url: string, options: { perTenant: number }) => Promise<Queue>

export const openPostgresTransport: OpenTransport = (url) =>
  openQueue({ url, logger: silent, supervise: false, max: 2 })

/** Short, so that a test waits for nothing that a real system waits half a minute for. */
const QUICK = { waitSeconds: 1, visibilitySeconds: 2, retries: 3, retrySeconds: 0.05, resendSeconds: 2 }

export const settingsFor = (sqs: FakeSqs, more: Partial<SqsSettings> = {}): SqsSettings => ({
  queueUrl: sqs.queueUrl,
  deadLetterUrl: sqs.deadLetterUrl,
  endpoint: sqs.endpoint,
  region: 'us-east-1',
  isFifo: sqs.queueUrl.endsWith('.fifo'),
  isFair: true,
  ...QUICK,
  underWayMax: 1_000,
  underWayPerGroup: 100,
  ...more,
})

/** Opens a transport over this server. */
export const openSqsTransport =
  (sqs: FakeSqs): OpenTransport =>
  async (url, { perTenant }) => {
    useAnyCredentials()
    const listener = await openListener({ url, logger: silent })
    const settings = settingsFor(sqs, { underWayPerGroup: perTenant })
    const queue = await openSqsQueue({ url, logger: silent, max: 2, settings, listener })
    return {
      ...queue,
      stop: async (graceSeconds) => {
        await queue.stop(graceSeconds)
        await listener.close()
      },
    }
  }

/** Any will do, and none is a secret: the fake asks for a signature and checks none. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
const useAnyCredentials = () => void Object.assign(process.env, CREDENTIALS)

/** For processes that use this server, as quick as the transports of this process. */
export const sqsEnvironment = (sqs: FakeSqs) => ({
  ...CREDENTIALS,
  ...{ SIGNALBOX_QUEUE: 'sqs', SQS_QUEUE_URL: sqs.queueUrl, SQS_DEAD_LETTER_QUEUE_URL: sqs.deadLetterUrl },
  ...{ SQS_ENDPOINT: sqs.endpoint, SQS_WAIT_SECONDS: '1', SQS_VISIBILITY_SECONDS: '5', SQS_RESEND_SECONDS: '5' },
})

/** A fake SQS of this test file, and the way to open a transport over it. */
export function testSqs(options: Parameters<typeof startFakeSqs>[0] = {}) {
  let sqs: FakeSqs
  beforeAll(async () => {
    sqs = await startFakeSqs(options)
  })
  afterAll(() => sqs?.close())
  const open: OpenTransport = (url, options) => openSqsTransport(sqs)(url, options)
  return {
    get fake() {
      return sqs
    },
    open,
  }
}

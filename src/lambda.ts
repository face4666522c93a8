import packageJson from '../package.json' with { type: 'json' }
import { type Dispatch, hearCancels, STOP_GRACE_SECONDS, type TaskKind, taskExecutor } from './core/tasks/index.ts'
import { type Config, ConfigError, loadConfig } from './kernel/config.ts'
import { createLogger, type Logger } from './kernel/logger.ts'
import { modules } from './modules.ts'
import { connectPlatform, makeGround } from './open-ground.ts'
import { startHeartbeat } from './platform/health/index.ts'
import { openModules } from './platform/module/index.ts'
import { openSqsQueue, type SqsQueue, sqsSettings } from './platform/queue/index.ts'

export type SqsRecord = {
  messageId: string
  body: string
  eventSourceARN?: string
  attributes?: { MessageGroupId?: string }
}
export type SqsEvent = { Records: readonly SqsRecord[] }
export type LambdaContext = { getRemainingTimeInMillis(): number }
/** What SQS shows again; everything else of the event it deletes. */
export type SqsBatchResponse = { batchItemFailures: { itemIdentifier: string }[] }

/**
 * Kept at the end of an invocation: for handlers that were told to stop, up to their grace, and for writing down what became
 * of them. The time-out of the function in ops/aws is checked against it.
 */
export const RESERVED_SECONDS = STOP_GRACE_SECONDS + 5

export type Lambda = {
  handle(event: SqsEvent, context: LambdaContext): Promise<SqsBatchResponse>
  close(): Promise<void>
}

/**
 * The executor of tasks as an AWS Lambda function for events of SQS: the kinds, leases, fencing and retries of a worker.
 * What it opens is kept for the next invocation. It migrates nothing and sends nothing: a process with the roles
 * `api` and `scheduler` does. Handlers are told to stop while there is time; what they leave goes on in another invocation.
 *
 * @throws ConfigError when the configuration names no database or another transport.
 */
export async function openLambda(config: Config, logger: Logger): Promise<Lambda> {
  const databaseUrl = config.DATABASE_URL
  if (databaseUrl === undefined || config.SIGNALBOX_QUEUE !== 'sqs') {
    throw new ConfigError('The Lambda function needs DATABASE_URL and SIGNALBOX_QUEUE=sqs.')
  }
  const opened = new AsyncDisposableStack()
  try {
    const platform = await connectPlatform(
      { config, logger, opened, version: packageJson.version, databaseUrl },
      silentSqs,
    )
    const ground = await makeGround({ config, logger, opened, version: packageJson.version }, platform)
    const open = await openModules(modules, ground, opened)
    const kinds = open.kinds as readonly TaskKind[]
    const leaseSeconds = config.TASK_LEASE_SECONDS
    const executor = taskExecutor({ ...ground, kinds, owner: ground.processId, leaseSeconds })
    const cancels = await hearCancels(ground.listener, executor)
    opened.defer(() => cancels.close())
    const identity = { processId: ground.processId, roles: ['worker'] as const, version: packageJson.version }
    const names = kinds.map(({ name }) => name)
    const heartbeat = await startHeartbeat(ground.healthDatabase, { ...identity, kinds: names }, logger)
    opened.defer(() => heartbeat.stop())
    const { receive } = platform.queue
    return {
      handle: async ({ Records }, context) => {
        executor.resume()
        const usableMs = context.getRemainingTimeInMillis() - RESERVED_SECONDS * 1_000
        if (usableMs <= 0) return answer(Records)
        const timer = setTimeout(() => executor.stopAll('shutdown'), usableMs)
        const visibilitySeconds = Math.ceil(context.getRemainingTimeInMillis() / 1_000)
        const run = (data: object) => executor.run(data as Dispatch)
        const failed = await failuresOf(
          Records,
          async ({ body, messageId }) => {
            const received = await receive(body, run, { visibilitySeconds })
            if (received === 'not_ours') throw new Error(`message ${messageId} is none that this program can read`)
          },
          logger,
        )
        clearTimeout(timer)
        return answer(failed)
      },
      close: () => opened.disposeAsync(),
    }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** The transport without a relay: between invocations nobody would listen. */
const silentSqs = (
  config: Config,
  { url, max, logger }: { url: string; max: number; logger: Logger },
): Promise<SqsQueue> => openSqsQueue({ url, max, logger, settings: sqsSettings(config) })

const answer = (failed: readonly SqsRecord[]): SqsBatchResponse => ({
  batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })),
})

/**
 * Does all records side by side and returns those that failed. Of a FIFO queue those of one group one after another, and
 * none after one that failed: it has to come again before them.
 */
async function failuresOf(
  records: readonly SqsRecord[],
  work: (record: SqsRecord) => Promise<void>,
  logger: Logger,
): Promise<SqsRecord[]> {
  const lines = Map.groupBy(records, ({ messageId, eventSourceARN, attributes }) =>
    eventSourceARN?.endsWith('.fifo') ? (attributes?.MessageGroupId ?? '') : messageId,
  )
  const failures = [...lines.values()].map(async (line) => {
    for (const [index, record] of line.entries()) {
      try {
        await work(record)
      } catch (err) {
        logger.warn({ err, component: 'queue' }, 'a record of the event could not be handled; it comes again')
        return line.slice(index)
      }
    }
    return []
  })
  return (await Promise.all(failures)).flat()
}

let open: Promise<Lambda> | undefined

/** What the function of AWS Lambda names as its handler. */
export async function handler(event: SqsEvent, context: LambdaContext): Promise<SqsBatchResponse> {
  open ??= (async () => {
    const config = loadConfig()
    return openLambda(config, createLogger({ level: config.LOG_LEVEL }))
  })()
  // Whoever cannot open lets the next invocation try again.
  const lambda = await open.catch((error) => {
    open = undefined
    throw error
  })
  return lambda.handle(event, context)
}

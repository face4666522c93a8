import type { Config } from '../../kernel/config.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Listener } from '../database/index.ts'
import type { Metrics } from '../telemetry/index.ts'
import { openQueue } from './pg-boss/open-queue.ts'
import type { Queue } from './queue.ts'
import { openSqsQueue } from './sqs/open-sqs-queue.ts'
import { sqsSettings } from './sqs/settings.ts'

const LEAVE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120]

/** Opens the transport that the configuration names. Nothing of AWS is loaded unless it is SQS. */
export function openTransport(
  config: Config,
  ground: { url: string; logger: Logger; max: number; listener: Listener; metrics: Metrics },
): Promise<Queue> {
  const { metrics, ...options } = ground
  if (config.SIGNALBOX_QUEUE === 'postgres') {
    return openQueue({ ...options, supervise: config.SIGNALBOX_ROLES.includes('scheduler') })
  }
  const about = 'Time from when a message might leave the outbox until SQS had it'
  const left = metrics.histogram('signalbox_queue_leave_seconds', about, [], LEAVE_SECONDS)
  const onSent = (seconds: number) => left.observe({}, seconds)
  return openSqsQueue({ ...options, settings: sqsSettings(config), onSent })
}

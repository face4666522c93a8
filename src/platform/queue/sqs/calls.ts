import type { Message, SQSClientConfig } from '@aws-sdk/client-sqs'
import type { Logger } from '../../../kernel/logger.ts'
import { retried } from './retried.ts'
import type { SqsSettings } from './settings.ts'

/** The most that SQS takes or gives in one call. */
export const BATCH_MAX = 10
/** Beside the time that a call is meant to wait. */
const ANSWER_MS = 10_000

export type Outgoing = { id: string; body: string; group: string; deduplication: string }
export type Incoming = { receipt: string; body: string | undefined; receives: number }

/** The calls of SQS that a transport makes. Each is retried as the settings say. Batches of at most {@link BATCH_MAX}. */
export type SqsCalls = {
  /** Returns the ids of those that were not accepted: SQS answers for each of a batch by itself. */
  send(messages: readonly Outgoing[]): Promise<{ refused: string[] }>
  receive(url: string, options: Receiving): Promise<Incoming[]>
  /** What is not removed comes again, which is harmless: it is logged. */
  remove(url: string, receipts: readonly string[]): Promise<void>
  /** Hides messages for so many seconds from now on; 0 shows them to everybody at once. */
  hide(url: string, receipts: readonly string[], seconds: number): Promise<void>
  close(): void
}

type Receiving = { max: number; waitSeconds: number; visibilitySeconds: number; signal: AbortSignal }

/** Loads the AWS SDK: nothing of it is in a process that uses another transport. */
export async function openSqsCalls(settings: SqsSettings, logger: Logger): Promise<SqsCalls> {
  const sdk = await import('@aws-sdk/client-sqs')
  const client = new sdk.SQSClient(clientOptions(settings))
  const call = <T>(what: string, work: (abortSignal: AbortSignal) => Promise<T>, signal?: AbortSignal, waitMs = 0) =>
    retried({ ...settings, logger }, { what, signal }, () => {
      const inTime = AbortSignal.timeout(waitMs + ANSWER_MS)
      return work(signal ? AbortSignal.any([signal, inTime]) : inTime).catch((error) => {
        // Ours to wait no longer for an answer; the SDK makes an AbortError of it, which looks like somebody's wish.
        throw inTime.aborted && !signal?.aborted ? new NoAnswer('SQS gave no answer in time', { cause: error }) : error
      })
    })
  const entriesOf = (receipts: readonly string[]) =>
    receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }))
  const complain = (what: string, failed: readonly { Code?: string | undefined }[] = []) => {
    if (failed.length === 0) return
    logger.warn(
      { component: 'queue', count: failed.length, code: failed[0]?.Code },
      `SQS did a part of what it was asked to: ${what}`,
    )
  }

  return {
    send: async (messages) => {
      const Entries = messages.map(({ id, body, group, deduplication }) => ({
        Id: id,
        MessageBody: body,
        ...(settings.isFifo || settings.isFair ? { MessageGroupId: group } : {}),
        ...(settings.isFifo ? { MessageDeduplicationId: deduplication } : {}),
      }))
      const command = new sdk.SendMessageBatchCommand({ QueueUrl: settings.queueUrl, Entries })
      const { Failed } = await call('send', (abortSignal) => client.send(command, { abortSignal }))
      complain('send', Failed)
      return { refused: (Failed ?? []).map(({ Id }) => Id ?? '') }
    },

    receive: async (url, { max, waitSeconds, visibilitySeconds, signal }) => {
      const command = new sdk.ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: Math.min(max, BATCH_MAX),
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      })
      const ask = (abortSignal: AbortSignal) => client.send(command, { abortSignal })
      const { Messages = [] } = await call('receive', ask, signal, waitSeconds * 1_000)
      return Messages.map(toIncoming)
    },

    remove: async (url, receipts) => {
      const command = new sdk.DeleteMessageBatchCommand({ QueueUrl: url, Entries: entriesOf(receipts) })
      const { Failed } = await call('delete', (abortSignal) => client.send(command, { abortSignal }))
      complain('delete', Failed)
    },

    hide: async (url, receipts, seconds) => {
      const Entries = entriesOf(receipts).map((entry) => ({ ...entry, VisibilityTimeout: seconds }))
      const command = new sdk.ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries })
      const { Failed } = await call('change visibility', (abortSignal) => client.send(command, { abortSignal }))
      complain('change visibility', Failed)
    },

    close: () => client.destroy(),
  }
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

const clientOptions = ({ region, endpoint }: SqsSettings): SQSClientConfig => ({
  region,
  // How often and how patiently is ours to decide, and to log.
  maxAttempts: 1,
  ...(endpoint === undefined ? {} : { endpoint, useQueueUrlAsEndpoint: false }),
})

const toIncoming = ({ ReceiptHandle, Body, Attributes }: Message): Incoming => ({
  receipt: ReceiptHandle ?? '',
  body: Body,
  receives: Number(Attributes?.ApproximateReceiveCount ?? 1),
})

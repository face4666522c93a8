import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startFauxqs } from 'fauxqs'

/** What may go wrong between a client and SQS. All of them are allowed by what SQS promises, but for `lose_sends`. */
export type SqsFault =
  /** Connections break. */
  | 'outage'
  /** Each call is refused because there are too many. */
  | 'throttle'
  /** What is sent arrives twice. */
  | 'duplicate'
  /** What is sent, and what is received, comes in the opposite order. */
  | 'reorder'
  /** A deletion is acknowledged and comes into effect when the fault is over. */
  | 'late_deletes'
  /** What is received is hidden for one second only, and is not extended. */
  | 'short_visibility'
  /** What is sent is acknowledged and never seen again. */
  | 'lose_sends'
  /** Of each batch of several that is sent the first is refused. */
  | 'refuse_first'

type Call = { action: string; at: number; body: Record<string, unknown> }

export type FakeSqs = {
  endpoint: string
  queueUrl: string
  deadLetterUrl: string
  setFaults(...faults: SqsFault[]): Promise<void>
  /** Calls that arrived, oldest first; `at` by `performance.now()`. */
  calls(action: string): Call[]
  /** Bodies of what is in the queue, seen or hidden. */
  messages(): { ready: string[]; hidden: string[] }
  deadLetters(): string[]
  /** Puts something into the queue past everything. */
  put(body: string): void
  close(): Promise<void>
}

const QUEUE = 'signalbox-tasks'

/**
 * A server that speaks the protocol of SQS (fauxqs) behind a proxy that does what SQS may do to its callers.
 * `maxReceives`: of the redrive policy.
 */
export async function startFakeSqs({ fifo = false, maxReceives = 5 } = {}): Promise<FakeSqs> {
  const server = await startFauxqs({ port: 0, logger: false })
  const suffix = fifo ? '.fifo' : ''
  const kind: Record<string, string> = fifo ? { FifoQueue: 'true' } : {}
  const dead = server.createQueue(`${QUEUE}-dead${suffix}`, { attributes: kind })
  const redrive = JSON.stringify({ deadLetterTargetArn: dead.queueArn, maxReceiveCount: String(maxReceives) })
  const main = server.createQueue(`${QUEUE}${suffix}`, { attributes: { ...kind, RedrivePolicy: redrive } })
  const calls: Call[] = []
  const held: (() => Promise<unknown>)[] = []
  let faults = new Set<SqsFault>()

  const ask = async (action: string, body: unknown, headers: Record<string, string>, signal?: AbortSignal) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      headers: { ...headers, 'x-amz-target': `AmazonSQS.${action}` },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    })
    return { status: answer.status, body: (await answer.json().catch(() => ({}))) as Record<string, unknown> }
  }

  /** What the faults make of a call; the answer, as the caller sees it. */
  const answer = async ({ action, body }: Call, headers: Record<string, string>, signal: AbortSignal) => {
    if (faults.has('throttle')) {
      return { status: 403, body: { __type: 'com.amazonaws.sqs#RequestThrottled', message: 'Too many calls.' } }
    }
    const entries = (body.Entries ?? []) as Record<string, string>[]
    if (action === 'SendMessageBatch') {
      if (faults.has('lose_sends')) return { status: 200, body: { Successful: entries.map(acknowledged), Failed: [] } }
      const [first, others] =
        faults.has('refuse_first') && entries.length > 1 ? [entries[0], entries.slice(1)] : [undefined, entries]
      const sent = faults.has('reorder') ? others.toReversed() : others
      const refused = { Id: first?.Id, Code: 'InternalError', Message: 'Not this one.', SenderFault: false }
      const Failed = first ? [refused] : []
      if (sent.length === 0) return { status: 200, body: { Successful: [], Failed } }
      const result = await ask(action, { ...body, Entries: sent }, headers)
      if (faults.has('duplicate')) await ask(action, { ...body, Entries: sent.map(again) }, headers)
      return { ...result, body: { ...result.body, Failed: [...((result.body.Failed as []) ?? []), ...Failed] } }
    }
    if (action === 'DeleteMessageBatch' && faults.has('late_deletes')) {
      held.push(() => ask(action, body, headers))
      return { status: 200, body: { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] } }
    }
    if (action === 'ChangeMessageVisibilityBatch' && faults.has('short_visibility')) {
      return { status: 200, body: { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] } }
    }
    if (action !== 'ReceiveMessage') return ask(action, body, headers)
    const asked = faults.has('short_visibility') ? { ...body, VisibilityTimeout: 1 } : body
    const result = await ask(action, asked, headers, signal)
    const messages = (result.body.Messages ?? []) as unknown[]
    if (faults.has('reorder') && messages.length > 0) result.body.Messages = messages.toReversed()
    return result
  }

  const proxy = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
    const call = { action, at: performance.now(), body: JSON.parse(Buffer.concat(chunks).toString() || '{}') }
    calls.push(call)
    if (faults.has('outage')) return request.socket.destroy()
    const headers = { 'content-type': 'application/x-amz-json-1.0', authorization: request.headers.authorization ?? '' }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const result = await answer(call, headers, gone.signal).catch(() => undefined)
    if (!result || response.destroyed) return response.destroy()
    response.writeHead(result.status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(result.body))
  })
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  const bodiesOf = (name: string) => server.inspectQueue(name)?.messages

  return {
    endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    queueUrl: main.queueUrl,
    deadLetterUrl: dead.queueUrl,
    setFaults: async (...next) => {
      faults = new Set(next)
      if (!faults.has('late_deletes')) for (const release of held.splice(0)) await release()
    },
    calls: (action) => calls.filter((call) => call.action === action),
    messages: () => ({
      ready: (bodiesOf(main.queueName)?.ready ?? []).map(({ body }) => body),
      hidden: (bodiesOf(main.queueName)?.inflight ?? []).map(({ message }) => message.body),
    }),
    deadLetters: () => (bodiesOf(dead.queueName)?.ready ?? []).map(({ body }) => body),
    put: (body) => {
      const group = { messageGroupId: 'put', messageDeduplicationId: String(performance.now()) }
      server.sendMessage(main.queueName, body, fifo ? group : {})
    },
    close: async () => {
      proxy.closeAllConnections()
      await new Promise((closed) => proxy.close(closed))
      await server.stop()
    },
  }
}

const acknowledged = ({ Id, MessageBody = '' }: Record<string, string>) => ({
  Id,
  MessageId: crypto.randomUUID(),
  MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
})

/** The same message once more, which a FIFO queue would otherwise tell. */
const again = (entry: Record<string, string>) =>
  entry.MessageDeduplicationId === undefined
    ? entry
    : { ...entry, MessageDeduplicationId: `${entry.MessageDeduplicationId}:again` }

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a receiver does instead of answering well, until the next `setFault`. */
export type ReceiverFault =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** `endless_body` and `slow_body` begin with 200: one sends without end, the other a byte and then nothing. */
  | { kind: 'hang' | 'reset' | 'half_body' | 'endless_body' | 'slow_body' | 'not_http' }

export type ReceivedCall = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
export type ReceiverAnswer = { status: number; body: string }

export type FakeReceiver = {
  url: string
  setFault(fault: ReceiverFault | null): void
  /** Every call that arrived whole since the start, oldest first. */
  calls(): ReceivedCall[]
  /** The most calls that were under way at once. */
  mostAtOnce(): number
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>
}

/** A server that takes what is posted to it, as a tenant's webhook or the specification's `/notify` does. */
export async function startFakeReceiver(
  answer: (call: ReceivedCall) => ReceiverAnswer | Promise<ReceiverAnswer> = () => ({ status: 200, body: '{}' }),
): Promise<FakeReceiver> {
  const calls: ReceivedCall[] = []
  let fault: ReceiverFault | null = null
  let [underWay, mostAtOnce] = [0, 0]

  const server = createServer(async (request, response) => {
    underWay += 1
    mostAtOnce = Math.max(mostAtOnce, underWay)
    response.once('close', () => {
      underWay -= 1
    })
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      // The caller went away.
      return
    }
    const { method = '', url = '', headers } = request
    const call = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    calls.push(call)
    if (fault !== null) return play(fault, response)
    const { status, body } = await answer(call)
    response.writeHead(status).end(body)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setFault: (next) => {
      fault = next
    },
    calls: () => structuredClone(calls),
    mostAtOnce: () => mostAtOnce,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

function play(fault: ReceiverFault, response: ServerResponse): void {
  if (fault.kind === 'status') response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
  if (fault.kind === 'reset') response.socket?.resetAndDestroy()
  if (fault.kind === 'not_http') response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n')
  if (fault.kind === 'half_body') {
    response.writeHead(200, { 'content-length': 1_000 }).write('x'.repeat(500), () => response.destroy())
  }
  if (fault.kind === 'slow_body') response.writeHead(200).write('x')
  if (fault.kind === 'endless_body') pour(response.writeHead(200))
}

function pour(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  }
  response.on('drain', more)
  more()
}

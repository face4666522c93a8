import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'

export type HeardEvent = { id: string; event: string; data: Record<string, unknown> }

export type Listener = {
  /** Of the answer; 101 once there is a WebSocket. */
  status: number
  /** The problem document of who was refused. */
  problem: Record<string, unknown>
  events: HeardEvent[]
  /** Everything that came: lines that are no events, or `ping`. */
  others: string[]
  isOver: () => boolean
  /** Of a WebSocket. */
  closeCode: () => number | undefined
  leave(): void
}

type Asking = { token?: string; headers?: Record<string, string> }

const headersOf = ({ token, headers = {} }: Asking) => ({
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  ...headers,
})

/** Follows a stream of server-sent events. */
export async function listenToEvents(url: string, asking: Asking = {}): Promise<Listener> {
  const leaving = new AbortController()
  const response = await fetch(url, { headers: headersOf(asking), signal: leaving.signal })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  const problem = isStream ? {} : ((await response.json()) as Record<string, unknown>)
  const [events, others]: [HeardEvent[], string[]] = [[], []]
  let isOver = !isStream
  const read = async () => {
    let text = ''
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString()
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const found = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block)
        if (found) events.push({ id: found[1] ?? '', event: found[2] ?? '', data: JSON.parse(found[3] ?? '') })
        else others.push(block)
      }
    }
  }
  if (isStream) {
    void read()
      .catch(() => {})
      .finally(() => {
        isOver = true
      })
  }
  return {
    ...{ status: response.status, problem, events, others },
    isOver: () => isOver,
    closeCode: () => undefined,
    leave: () => leaving.abort(),
  }
}

/** Follows the same over a WebSocket. */
export function listenToWebSocket(url: string, asking: Asking = {}): Promise<Listener> {
  const webSocket = new WebSocket(url.replace(/^http/, 'ws'), { headers: headersOf(asking) })
  const [events, others]: [HeardEvent[], string[]] = [[], []]
  let code: number | undefined
  const listener = (status: number, problem: Record<string, unknown>): Listener => ({
    ...{ status, problem, events, others },
    isOver: () => code !== undefined,
    closeCode: () => code,
    leave: () => webSocket.close(),
  })
  webSocket.on('message', (data) => events.push(JSON.parse(String(data))))
  webSocket.on('ping', () => others.push('ping'))
  webSocket.on('close', (closed) => {
    code = closed
  })
  webSocket.on('error', () => {})
  return new Promise((resolve) => {
    webSocket.once('open', () => resolve(listener(101, {})))
    webSocket.once('unexpected-response', (_request, response: IncomingMessage) => {
      let text = ''
      response.on('data', (bytes) => {
        text += bytes
      })
      response.once('end', () => {
        code = 0
        resolve(listener(response.statusCode ?? 0, JSON.parse(text)))
      })
    })
  })
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A ticket in neutral words; each fake writes it as its helpdesk does. What is left out stays, or gets a default. */
export type FakeTicket = {
  id?: number
  subject?: string | null
  message?: string | null
  status?: 'open' | 'pending' | 'closed'
  source?: 'email' | 'web' | 'chat'
  customer_id?: number
  created_at?: string
  /** Set by the fake's clock unless given. */
  updated_at?: string
  /** Fields in the helpdesk's own words, over all others; `undefined` takes one away. */
  raw?: Record<string, unknown>
}

export type Fault = {
  kind: 'status' | 'reset' | 'half_body' | 'html' | 'wrong_json' | 'hang'
  /** Of `status` and `html`. */
  status?: number
  retryAfter?: string | number
  /** Only paths that contain this. */
  path?: string
  /** How many calls; without it, all until the next `setFault`. */
  times?: number
}

export type FakeCall = { path: string; query: Record<string, string>; status: number | null }

/** The control that all fakes have in common, so that one suite can drive them. */
export type FakeHelpdesk = {
  url: string
  /** Creates a ticket or changes one, and returns its id. */
  put(ticket: FakeTicket): string
  /** Moves a ticket to the bin. */
  remove(id: string): void
  restore(id: string): void
  setFault(fault: Fault | null): void
  /** Every call since the start, oldest first. */
  calls(): FakeCall[]
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>
}

export type Asked = { path: string; query: URLSearchParams; authorization: string | undefined }
/** `body` undefined: none at all. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> }

type Serving = {
  now: () => Date
  /** How many seconds this call has to wait; null when it may go on. */
  admit: (asked: Asked) => number | null
  throttled: unknown
  answer: (asked: Asked) => Reply
}

/** Serves a fake over HTTP on a free port, plays its faults and keeps the log of its calls. */
export async function serveHelpdesk(
  serving: Serving,
): Promise<Pick<FakeHelpdesk, 'url' | 'setFault' | 'calls' | 'close'>> {
  const calls: FakeCall[] = []
  let fault: Fault | null = null

  const takeFault = (path: string): Fault | null => {
    if (fault === null || !path.includes(fault.path ?? '')) return null
    const taken = fault
    if (fault.times !== undefined) fault = fault.times > 1 ? { ...fault, times: fault.times - 1 } : null
    return taken
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const asked = { path: url.pathname, query: url.searchParams, authorization: request.headers.authorization }
    const call: FakeCall = { path: asked.path, query: Object.fromEntries(asked.query), status: null }
    calls.push(call)
    const finish = (reply: Reply, half = false) => {
      call.status = reply.status
      send(response, { ...reply, headers: { date: serving.now().toUTCString(), ...reply.headers } }, half)
    }
    const played = takeFault(asked.path)
    const headers = played?.retryAfter === undefined ? {} : { 'retry-after': String(played.retryAfter) }
    if (played?.kind === 'hang') return
    if (played?.kind === 'reset') return void request.socket.resetAndDestroy()
    if (played?.kind === 'status') return finish({ status: played.status ?? 500, body: { error: 'fault' }, headers })
    if (played?.kind === 'html')
      return finish({ status: played.status ?? 200, body: '<!doctype html><h1>Maintenance</h1>' })
    if (played?.kind === 'wrong_json') return finish({ status: 200, body: { unexpected: ['shape'] } })
    const seconds = serving.admit(asked)
    if (seconds !== null) {
      return finish({ status: 429, body: serving.throttled, headers: { 'retry-after': String(seconds) } })
    }
    finish(serving.answer(asked), played?.kind === 'half_body')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setFault: (next) => {
      fault = next
    },
    calls: () => structuredClone(calls),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

/** Text goes out as HTML, everything else as JSON; `half` announces all of it and cuts the connection in the middle. */
function send(response: ServerResponse, { status, body, headers }: Reply, half: boolean): void {
  const payload = Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body))
  const type = typeof body === 'string' ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': payload.length, ...headers })
  if (!half) return void response.end(payload)
  response.write(payload.subarray(0, Math.floor(payload.length / 2)), () => response.destroy())
}

/** A fixed window of a minute, 0 = unlimited; answers the whole seconds to wait. */
export function limitPerMinute(limit: number, now: () => Date): () => number | null {
  let window = { startedAt: 0, calls: 0 }
  return () => {
    const at = now().getTime()
    if (at - window.startedAt >= 60_000) window = { startedAt: at, calls: 0 }
    if (limit === 0 || window.calls < limit) {
      window.calls += 1
      return null
    }
    return Math.ceil((window.startedAt + 60_000 - at) / 1_000)
  }
}

export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Without milliseconds, as both helpdesks write times. */
export const wireTime = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z')

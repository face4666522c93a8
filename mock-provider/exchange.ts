import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a route is told about a call. */
export type Incoming = {
  method: string
  path: string
  query: URLSearchParams
  body: string
  contentType: string | undefined
  /** Aborted when the caller hangs up or the server closes. */
  callerGone: AbortSignal
  /** Aborted when the server closes. */
  closing: AbortSignal
}

/** What a route answers; null = nothing, the connection is cut. A text is sent as HTML, anything else as JSON. */
export type Reply = { status: number; headers?: Record<string, string>; body: unknown } | null

export const detail = (status: number, text: unknown, headers: Record<string, string> = {}): NonNullable<Reply> => ({
  status,
  headers,
  body: { detail: text },
})

const BODY_LIMIT_BYTES = 1_048_576

/** Reads the whole body as text; null when it is longer than 1 MiB. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_LIMIT_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function splitTarget(target = '/'): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

export function send(response: ServerResponse, reply: NonNullable<Reply>): void {
  // Writing to a connection that is gone would raise an error event that nobody listens to.
  if (response.destroyed) return
  if (reply.status === 204) return void response.writeHead(204).end()
  const payload = encode(reply)
  response.writeHead(reply.status, headersOf(reply, payload))
  response.end(payload)
}

/** Announces the whole body, sends half of it and cuts the connection. */
export function sendHalf(response: ServerResponse, reply: NonNullable<Reply>): void {
  if (response.destroyed) return
  const payload = encode(reply)
  response.writeHead(reply.status, headersOf(reply, payload))
  response.write(payload.subarray(0, Math.floor(payload.length / 2)), () => response.destroy())
}

const encode = ({ body }: NonNullable<Reply>): Buffer =>
  Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8')

const headersOf = ({ body, headers }: NonNullable<Reply>, payload: Buffer): Record<string, string | number> => ({
  'content-type': typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json',
  'content-length': payload.length,
  ...headers,
})

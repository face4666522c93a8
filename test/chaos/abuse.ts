import { connect } from 'node:net'
import { Agent, fetch as undiciFetch } from 'undici'
import { sleep } from '../../src/kernel/abort.ts'

/** Who is abused, and with whose key. */
export type Target = { url: string; token: string; tenant: string }

/** What a hostile client saw. */
export type Seen = Record<string, number>

export const POISONS = ['columns', 'keys', 'depth', 'rejects', 'quote'] as const
export type Poison = (typeof POISONS)[number]

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Asks for lists over so many connections at once, each again as soon as it has an answer; counts answers by status. */
export async function flood(target: Target, connections: number, signal: AbortSignal): Promise<Seen> {
  const seen: Seen = {}
  const agent = new Agent({ connections, pipelining: 1 })
  const note = (what: string) => {
    seen[what] = (seen[what] ?? 0) + 1
  }
  const ask = async () => {
    while (!signal.aborted) {
      try {
        const answer = await undiciFetch(`${target.url}/api/v1/tickets?tenant_id=${target.tenant}&limit=50`, {
          ...{
            dispatcher: agent,
            headers: bearer(target.token),
            signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
          },
        })
        await answer.arrayBuffer()
        note(String(answer.status))
        // Who is refused without a word of patience would only measure how fast refusals are made.
        if (answer.status === 429 || answer.status === 503) await sleep(100, signal)
      } catch {
        note('no answer')
        await sleep(200, signal).catch(() => {})
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, ask)).catch(() => {})
  await agent.destroy()
  return seen
}

type Opened = { at: number; closedByServer: number }

/** Opens raw sockets that send `request` and then neither read nor end, until `signal`. */
async function hold(target: Target, request: string, count: number, signal: AbortSignal): Promise<Opened> {
  const { hostname, port } = new URL(target.url)
  const result = { at: 0, closedByServer: 0 }
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.on('connect', () => {
      result.at += 1
      socket.write(request)
      // Nothing is ever taken out of the buffers.
      socket.pause()
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      if (!signal.aborted) result.closedByServer += 1
    })
    return socket
  })
  await untilAborted(signal)
  for (const socket of sockets) socket.destroy()
  return result
}

/** Asks for exports and streams and reads nothing of them. */
export const stallReaders = (target: Target, count: number, signal: AbortSignal) =>
  Promise.all(
    [
      `/api/v1/tickets/export?tenant_id=${target.tenant}&format=ndjson`,
      `/api/v1/signals/stream?tenant_id=${target.tenant}`,
    ].map((path) =>
      hold(
        target,
        `GET ${path} HTTP/1.1\r\nHost: signalbox\r\nAuthorization: Bearer ${target.token}\r\n\r\n`,
        Math.ceil(count / 2),
        signal,
      ),
    ),
  )

/** Asks for WebSockets without credentials, and keeps its half of what is refused open. */
export const halfOpenSockets = (target: Target, count: number, signal: AbortSignal) =>
  hold(
    target,
    `GET /api/v1/signals/stream?tenant_id=${target.tenant} HTTP/1.1\r\nHost: signalbox\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    count,
    signal,
  )

/** Begins bodies that never end. */
export const slowBodies = (target: Target, count: number, signal: AbortSignal) =>
  hold(
    target,
    `POST /api/v1/classify?tenant_id=${target.tenant} HTTP/1.1\r\nHost: signalbox\r\nAuthorization: Bearer ${target.token}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"subject":"',
    count,
    signal,
  )

/** A file that holds no ticket and costs whoever reads it without bounds. */
export function poisonFile(poison: Poison): { type: string; body: string } {
  switch (poison) {
    case 'columns':
      return { type: 'text/csv', body: `${Array.from({ length: 1_000_000 }, (_, n) => `c${n}`).join(',')}\n1,2\n` }
    case 'keys':
      return {
        type: 'application/x-ndjson',
        body: `{${Array.from({ length: 700_000 }, (_, n) => `"k${n}":1`).join(',')}}\n`,
      }
    case 'depth':
      return { type: 'application/x-ndjson', body: `${'['.repeat(60_000)}${']'.repeat(60_000)}\n` }
    case 'rejects':
      return { type: 'application/x-ndjson', body: '{}\n'.repeat(700_000) }
    case 'quote':
      return { type: 'text/csv', body: `id,subject\n1,"${'x'.repeat(2_000_000)}` }
  }
}

/** Uploads such a file; the status that it was answered with, 0 without an answer. */
export async function poisonImport(target: Target, poison: Poison, signal: AbortSignal): Promise<number> {
  const { type, body } = poisonFile(poison)
  try {
    const answer = await fetch(`${target.url}/api/v1/ingest/import?tenant_id=${target.tenant}`, {
      ...{ method: 'POST', body, signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]) },
      headers: { ...bearer(target.token), 'content-type': type },
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

import { problemOf } from './problem.ts'
import type { Fetch } from './retry.ts'
import { wait } from './wait.ts'

export type StreamEvent<Data = unknown> = { id: string | undefined; event: string; data: Data }

export type Following = {
  fetch: Fetch
  url: string
  headers: Record<string, string>
  signal: AbortSignal | undefined
  /** Whether nothing follows after this event; without it a stream goes on until it is aborted. */
  isLast: (event: StreamEvent) => boolean
}

/** The server answered with something that is no stream; its other forms may do. */
export class NoStreamError extends Error {
  override readonly name = 'NoStreamError'
}

/** Between two connections, until the server names another time. */
const COME_BACK_MS = 2_000
/** The server gives a sign of life every 15 s. */
const SILENT_MS = 45_000

/**
 * Server-sent events (WHATWG HTML §9.2), one after the other. A connection that ends or falls silent is opened again, with
 * `Last-Event-ID`, so that what came meanwhile is not missed. Throws what the API refuses with, or when it cannot be reached.
 */
export async function* follow({ fetch, url, headers, signal, isLast }: Following): AsyncGenerator<StreamEvent> {
  let lastId: string | undefined
  let comeBackMs = COME_BACK_MS
  while (true) {
    const leaving = new AbortController()
    const either = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal
    try {
      const resume: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
      const accept = { accept: 'text/event-stream' }
      const response = await fetch(new Request(url, { headers: { ...headers, ...accept, ...resume }, signal: either }))
      if (!response.ok) throw await problemOf(response)
      if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
        throw new NoStreamError(`${new URL(url).pathname} is not answered as a stream.`)
      for await (const block of blocksOf(response, () => leaving.abort())) {
        comeBackMs = block.retry ?? comeBackMs
        lastId = block.id ?? lastId
        if (block.data === undefined) continue
        const event = { id: block.id, event: block.event, data: JSON.parse(block.data) }
        yield event
        if (isLast(event)) return
      }
    } finally {
      leaving.abort()
    }
    await wait(comeBackMs, signal)
  }
}

type Block = { id?: string; event: string; data?: string; retry?: number }

/** Until the connection is over, however it ends: that it was cut is no fault of who listens. */
async function* blocksOf(response: Response, leave: () => void): AsyncGenerator<Block> {
  // A stream of decoded text would drop what it holds when the connection is cut.
  const [reader, decoder] = [response.body?.getReader(), new TextDecoder()]
  let text = ''
  while (reader) {
    const silent = setTimeout(leave, SILENT_MS)
    const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }))
    clearTimeout(silent)
    if (done) return
    const blocks = (text + decoder.decode(value, { stream: true })).replaceAll('\r\n', '\n').split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) yield readBlock(block)
  }
}

function readBlock(text: string): Block {
  const block: Block = { event: 'message' }
  for (const line of text.split('\n')) {
    const [, field, value = ''] = /^([a-z]+):? ?(.*)$/.exec(line) ?? []
    if (field === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`
    else if (field === 'id') block.id = value
    else if (field === 'event') block.event = value
    else if (field === 'retry' && /^\d+$/.test(value)) block.retry = Number(value)
  }
  return block
}

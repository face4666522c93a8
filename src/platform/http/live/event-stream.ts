import { PassThrough } from 'node:stream'
import type { LiveSink } from './live-event.ts'

/** How long a browser waits before it comes back. */
const RETRY_MS = 2_000

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would collect the events.
  'x-accel-buffering': 'no',
  // Otherwise the connection stays open after the end, and keeps a server from closing.
  connection: 'close',
}

/** Server-sent events (WHATWG HTML §9.2). `body` is the answer; the first line makes its headers leave at once. */
export function eventStream(): { body: PassThrough; sink: LiveSink } {
  const body = new PassThrough()
  body.write(`retry: ${RETRY_MS}\n\n`)
  const sink: LiveSink = {
    write: ({ id, event, data }) =>
      body.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`),
    keepAlive: () => body.write(': still here\n\n'),
    onDrain: (listener) => body.on('drain', listener),
    onClosed: (listener) => body.once('close', listener),
    end: () => body.end(),
    destroy: () => body.destroy(),
  }
  return { body, sink }
}

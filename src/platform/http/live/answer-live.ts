import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from '../../../kernel/logger.ts'
import type { Reply } from '../route.ts'
import { type Carrying, carry, LIVE_TIMES, type LiveTimes } from './carry.ts'
import { EVENT_STREAM_HEADERS, eventStream } from './event-stream.ts'
import type { LiveEnd, LiveSink } from './live-event.ts'
import { isUpgrade, openWebSocket } from './web-socket.ts'

declare module 'fastify' {
  interface FastifyInstance {
    live: LiveStreams
  }
}

type LiveStreams = { times: LiveTimes; underWay: Set<{ end(why: LiveEnd): void }>; isClosing: boolean }

/** Streams never end by themselves: a server that closes ends them, so that listeners go to another process. */
export function endLiveStreams(app: FastifyInstance, times: Partial<LiveTimes> = {}): void {
  const underWay: LiveStreams['underWay'] = new Set()
  const live: LiveStreams = { times: { ...LIVE_TIMES, ...times }, underWay, isClosing: false }
  app.decorate('live', live)
  app.addHook('preClose', async () => {
    live.isClosing = true
    for (const stream of underWay) stream.end('stopping')
  })
}

/** Answers with a stream of events, in the form that was asked for. */
export function answerLive(reply: FastifyReply, answer: Reply, mayListen: Carrying['mayListen']): FastifyReply {
  const { body: source } = answer
  if (!(source instanceof Readable))
    throw new Error('A live route answered with something that is no stream of events.')
  const { request, server } = reply
  if (request.method === 'HEAD') {
    source.destroy()
    return reply.code(answer.status).headers(EVENT_STREAM_HEADERS).send('')
  }
  const { times, underWay } = server.live
  const start = (sink: LiveSink) => {
    const stream = carry(source, sink, { times, logger: request.log as unknown as Logger, mayListen })
    underWay.add(stream)
    sink.onClosed(() => underWay.delete(stream))
    // One that was let in before, and is answered only now.
    if (server.live.isClosing) stream.end('stopping')
  }
  if (!isUpgrade(request.raw)) {
    const { body, sink } = eventStream()
    start(sink)
    return reply.code(answer.status).headers(EVENT_STREAM_HEADERS).send(body)
  }
  reply.hijack()
  const sink = openWebSocket(request.raw)
  if (sink) start(sink)
  else source.destroy()
  return reply
}

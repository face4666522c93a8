import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Logger } from '../../../kernel/logger.ts'
import type { Reply } from '../route.ts'
import { carry } from './carry.ts'
import { EVENT_STREAM_HEADERS, eventStream } from './event-stream.ts'
import type { LiveSink } from './live-event.ts'
import type { Place } from './open-live.ts'
import type { StreamKind } from './places.ts'
import { isUpgrade, openWebSocket } from './web-socket.ts'

/** Answers with what goes on: events in the form that was asked for, or a file that is made while it is read. */
export function answerLive(reply: FastifyReply, kind: StreamKind, answer: Reply): FastifyReply {
  const { body: source, status, headers = {} } = answer
  if (!(source instanceof Readable)) throw new Error('A live route answered with something that is no stream.')
  const { place, gone } = reply.request
  reply.code(status).headers(kind === 'events' ? EVENT_STREAM_HEADERS : headers)
  // HEAD takes no place. A file would be read to its end, for nobody.
  if (place === null || gone.aborted) {
    source.destroy()
    place?.leave()
    return reply.send('')
  }
  return kind === 'events' ? answerEvents(reply, source, place) : answerDownload(reply, source, place)
}

function answerEvents(reply: FastifyReply, source: Readable, place: Place): FastifyReply {
  const { request, server } = reply
  const start = (sink: LiveSink) => {
    const { end } = carry(source, sink, { times: server.live.times, logger: request.log as unknown as Logger })
    place.carry(end)
  }
  if (!isUpgrade(request.raw)) {
    const { body, sink } = eventStream()
    start(sink)
    return reply.send(body)
  }
  reply.hijack()
  const sink = openWebSocket(request.raw)
  if (sink) start(sink)
  else {
    source.destroy()
    place.leave()
  }
  return reply
}

/** A file that is cut must not look complete, so its connection is broken; one that is nearly done may end when the server stops. */
function answerDownload(reply: FastifyReply, source: Readable, place: Place): FastifyReply {
  place.carry((why) => {
    if (why === 'access over') source.destroy(new Error('the access of its caller is over'))
  })
  return reply.send(source)
}

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'
import { endConnection } from '../end-connection.ts'
import type { LiveEnd, LiveSink } from './live-event.ts'

/** RFC 6455 §7.4.1; 1008 also when access was taken away. */
const CLOSE_CODES = { finished: 1000, stopping: 1001, 'access over': 1008 } as const satisfies Record<LiveEnd, number>
const NOT_READ = 1008
/** Nothing is read here, so nobody needs to send more. */
const MESSAGE_BYTES_MAX = 1_024
const KEY = /^[+/0-9A-Za-z]{22}==$/

/** Whether a request asks to become a WebSocket as RFC 6455 §4.1 says. Others are answered as if they had not asked. */
export const asksForWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  headers['sec-websocket-version'] === '13' &&
  KEY.test(headers['sec-websocket-key'] ?? '')

type Upgrade = { socket: Socket; head: Buffer; response: ServerResponse }
const upgrades = new WeakMap<IncomingMessage, Upgrade>()

/** Whether this request is to be answered with a WebSocket. */
export const isUpgrade = (request: IncomingMessage): boolean => upgrades.has(request)

/**
 * Lets requests for a WebSocket go the way of all requests: who may not, or asks at a wrong address, is answered like
 * anybody else, before there is a WebSocket.
 */
export function acceptUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Nobody else listens any more, and an error without listeners ends the process.
    socket.on('error', () => socket.destroy())
    // As the server does where it keeps the connection: what was begun for the request ends with it.
    socket.once('close', () => request.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => endConnection(socket))
    upgrades.set(request, { socket, head, response })
    app.routing(request, response)
  })
}

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  maxPayload: MESSAGE_BYTES_MAX,
  perMessageDeflate: false,
})

/** Makes a WebSocket of a request that asked for one; undefined when its connection is gone. */
export function openWebSocket(request: IncomingMessage): LiveSink | undefined {
  const upgrade = upgrades.get(request)
  if (!upgrade) throw new Error('This request did not ask for a WebSocket.')
  const { socket, head, response } = upgrade
  response.detachSocket(socket)
  response.statusCode = 101
  // Whoever waits for the end of the answer (logs, metrics, the handler's signal) waits for that of the connection.
  socket.once('close', () => {
    response.emit('finish')
    response.emit('close')
  })
  let sink: LiveSink | undefined
  server.handleUpgrade(request, socket, head, (webSocket) => {
    sink = sinkOf(webSocket, socket)
  })
  return sink
}

function sinkOf(webSocket: WebSocket, socket: Socket): LiveSink {
  let hasAnswered = true
  webSocket.on('pong', () => {
    hasAnswered = true
  })
  webSocket.on('message', () => webSocket.close(NOT_READ, 'nothing is read here'))
  // Told by its close as well.
  webSocket.on('error', () => {})
  const takesMore = () => !socket.writableNeedDrain
  return {
    write: ({ id, event, data }) => {
      webSocket.send(`{${id === undefined ? '' : `"id":"${id}",`}"event":"${event}","data":${data}}`)
      return takesMore()
    },
    keepAlive: () => {
      if (!hasAnswered) webSocket.terminate()
      hasAnswered = false
      webSocket.ping()
      return takesMore()
    },
    onDrain: (listener) => socket.on('drain', listener),
    onClosed: (listener) => webSocket.once('close', listener),
    end: (why) => webSocket.close(CLOSE_CODES[why], why),
    destroy: () => webSocket.terminate(),
  }
}

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type RawConnection = {
  socket: Socket
  /** What has come so far. */
  answer(): string
  /** The other side has ended its half, or cut the connection. */
  isOver(): boolean
}

/**
 * A connection that sends these bytes and does nothing by itself: it keeps its half open when the other side ends, as a
 * hostile or broken caller does. Gone after the test.
 */
export async function connectRaw(url: string, bytes = ''): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.write(bytes)
  return { socket, answer: () => answer, isOver: () => socket.readableEnded || socket.destroyed }
}

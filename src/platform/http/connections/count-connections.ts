import type { Socket } from 'node:net'
import { networkOf } from './network-of.ts'

export type ConnectionCaps = {
  /** Connections of the process. */
  max: number
  /** Of one address, and of one IPv6 network of 64 bits. */
  perAddress: number
}

/** Connections that are counted together. */
type Place = { open: number; idle: Set<Socket> }
type Known = { place: Place; address: string; underWay: number }

export type ConnectionCount = ReturnType<typeof countConnections>

/**
 * Counts connections, by address and in all. Where there are as many as may be, a new one takes the place of the one that
 * has had no request under way for longest; where all have one, it is not let in. So whoever only holds connections is
 * never in the way of who uses theirs.
 */
export function countConnections({ max, perAddress }: ConnectionCaps) {
  const all: Place = { open: 0, idle: new Set() }
  const places = new Map<string, Place>()
  const known = new Map<Socket, Known>()

  const forget = (socket: Socket) => {
    const found = known.get(socket)
    if (!found) return
    known.delete(socket)
    for (const place of [found.place, all]) {
      place.open -= 1
      place.idle.delete(socket)
    }
    if (found.place.open === 0) places.delete(found.address)
  }
  const hasRoom = (place: Place, cap: number): boolean => {
    if (place.open < cap) return true
    const [longestIdle] = place.idle
    if (!longestIdle) return false
    forget(longestIdle)
    longestIdle.destroy()
    return true
  }

  return {
    /** Lets a connection in and answers null, or answers which cap it is beyond. */
    admit(socket: Socket): keyof ConnectionCaps | null {
      const address = networkOf(socket.remoteAddress ?? '')
      const place = places.get(address) ?? { open: 0, idle: new Set() }
      if (!hasRoom(place, perAddress)) return 'perAddress'
      if (!hasRoom(all, max)) return 'max'
      places.set(address, place)
      known.set(socket, { place, address, underWay: 0 })
      for (const each of [place, all]) {
        each.open += 1
        each.idle.add(socket)
      }
      socket.once('close', () => forget(socket))
      return null
    },
    /** A request on this connection began (1) or is answered (-1). */
    shift(socket: Socket, by: 1 | -1): void {
      const found = known.get(socket)
      if (!found) return
      found.underWay += by
      for (const { idle } of [found.place, all]) {
        // Behind those that have been idle for longer.
        if (found.underWay === 0) idle.add(socket)
        else idle.delete(socket)
      }
    },
    isIdle: (socket: Socket): boolean => (known.get(socket)?.underWay ?? 0) === 0,
    open: () => known.keys(),
    total: () => all.open,
  }
}

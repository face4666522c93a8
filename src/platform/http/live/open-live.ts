import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Caller } from '../access.ts'
import { LIVE_TIMES, type LiveTimes } from './carry.ts'
import type { LiveEnd } from './live-event.ts'
import { countPlaces, STREAM_CAPS, type StreamCaps, type StreamKind } from './places.ts'
import { type AccessWatch, type MayGoOn, watchAccess } from './watch-access.ts'

declare module 'fastify' {
  interface FastifyInstance {
    live: Live
  }
  interface FastifyRequest {
    /** Of a request for a stream, from when it is let in. */
    place: Place | null
  }
}

/** What goes on in this process, of all routes. */
export type Live = Pick<AccessWatch, 'lookAgain' | 'lookAgainAtAll'> & {
  times: LiveTimes
  open(kind: StreamKind): number
  /** Lets a stream in before anything of it is opened. @throws http.too_many_streams, http.full */
  takePlace(asked: AskedStream): Place
}

export type AskedStream = {
  kind: StreamKind
  request: FastifyRequest
  caller: Caller
  tenantId: TenantId
  permission: string
  mayGoOn: MayGoOn
}

/** What is counted for one stream, until it leaves. */
export type Place = {
  /** From now on `end` is called when the caller may have it no more, and when the server stops. */
  carry(end: (why: LiveEnd) => void): void
  /** May be called again. */
  leave(): void
}

type OpenOptions = { times?: Partial<LiveTimes> | undefined; caps?: Partial<StreamCaps> | undefined }

/**
 * Streams never end by themselves, so each is counted, is ended when its caller may have it no more, and is told when the
 * server closes, so that listeners go to another process.
 */
export function openLive(app: FastifyInstance, options: OpenOptions): void {
  const times = { ...LIVE_TIMES, ...options.times }
  const places = countPlaces({ ...STREAM_CAPS, ...options.caps })
  const access = watchAccess({ everyMs: times.checkAccessMs, logger: app.log as unknown as Logger })
  const underWay = new Set<(why: LiveEnd) => void>()
  let isClosing = false
  const takePlace = ({ kind, request, caller, tenantId, permission, mayGoOn }: AskedStream): Place => {
    const giveBack = places.take(kind, tenantId)
    let leave = giveBack
    return {
      carry: (end) => {
        underWay.add(end)
        const credentials = digestOf(request, tenantId, permission)
        const watched = {
          callerId: caller.id,
          until: caller.until,
          credentials,
          mayGoOn,
          end: () => end('access over'),
        }
        const unwatch = access.watch(watched)
        leave = () => {
          giveBack()
          unwatch()
          underWay.delete(end)
        }
        // One that was let in before, and is answered only now.
        if (isClosing) end('stopping')
      },
      leave: () => leave(),
    }
  }
  const { lookAgain, lookAgainAtAll } = access
  app.decorate('live', { times, open: places.total, takePlace, lookAgain, lookAgainAtAll })
  app.decorateRequest('place', null)
  app.addHook('preClose', async () => {
    isClosing = true
    for (const end of [...underWay]) end('stopping')
  })
}

/** Stands for what let a caller in; no secret is kept beside the request's own. */
const digestOf = ({ headers }: FastifyRequest, tenantId: TenantId, permission: string) =>
  createHash('sha256')
    .update(JSON.stringify([headers.authorization, headers.cookie, tenantId, permission]))
    .digest('base64url')

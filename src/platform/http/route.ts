import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../database/index.ts'
import { type Access, type Caller, demandPerson } from './access.ts'
import type { StreamKind } from './live/places.ts'

/** What a handler answers; `body` is checked against the schema declared for `status`. */
export type ReplyHeaders = Record<string, string | string[]>
export type Reply<Body = unknown> = { status: number; body?: Body; headers?: ReplyHeaders }

/** What every handler gets. */
export type Context<Params, Query, Body> = {
  params: Params
  query: Query
  body: Body
  requestId: string
  log: Logger
  /** Aborted when the caller goes away. */
  signal: AbortSignal
  /** The raw request, for what only HTTP knows (cookies, address). */
  request: FastifyRequest
}

/** What a handler of a tenant's route gets besides: the caller, the tenant, and the open transaction. */
export type TenantContext<Params, Query, Body, Prepared> = PrepareContext<Params, Query, Body> & {
  /** What `prepare` resolved with. */
  prepared: Prepared
  /** Commits when the handler answers, rolls back when it throws. The idempotency record is part of it. */
  tx: Tx
}

export type PrepareContext<Params, Query, Body> = Context<Params, Query, Body> & { caller: Caller; tenantId: TenantId }

type Schemas<Params, Query, Body> = {
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  body?: z.ZodType<Body>
}

type Declaration<Params, Query, Body> = Schemas<Params, Query, Body> & {
  /** Names the use case for clients, as `listTickets`; unique, and never changed once it was released. */
  operationId: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Under /api/v1, e.g. `/tickets/:ticket_id`. */
  path: `/${string}`
  summary: string
  tag: string
  /** One schema per success status; problem documents are added to every route. */
  responses: Record<number, z.ZodType>
  /**
   * The answer holds something shown only once, so a repeated Idempotency-Key cannot replay it and is told so.
   */
  answer?: 'secret'
  /** Media types of a body that is too large for memory: `body` is the stream of its bytes as they arrive. */
  upload?: readonly string[]
}

/** Where a tenant's route finds its tenant: the query, the path, or the thing that the path names. */
export type TenantSource =
  | 'query'
  | 'path'
  | {
      /** The tenant of the thing the path names; null when there is no such thing. */
      of: (params: never) => Promise<TenantId | null>
      /** The fault for "no such thing"; also thrown when the thing is another tenant's. */
      absent: () => Error
    }

export type TenantRoute<Params = unknown, Query = unknown, Body = unknown, Prepared = unknown> = Declaration<
  Params,
  Query,
  Body
> & {
  access: `${string}.${string}`
  tenant: TenantSource
  /**
   * The answer is a stream: counted, and ended when the caller's access is. As `events` a Readable of `LiveEvent`s that
   * goes on until the server stops, served as server-sent events, and over a WebSocket to whoever asks for one. As a
   * `download` a Readable of bytes or text, a file that is made while it is read.
   */
  live?: StreamKind
  /** Of `events`: who asks for no stream gets an ordinary answer, as `responses` says; see `asksForEvents`. */
  alsoPlain?: boolean
  /**
   * What has to wait for somebody else (a helpdesk, an upload): done before the transaction opens. It may act, once for an
   * `Idempotency-Key`, which is reserved before.
   */
  prepare?(context: PrepareContext<Params, Query, Body>): Promise<Prepared>
  /** Of a route that reads: an answer for which no transaction is needed; undefined where there is none. */
  shortcut?(context: PrepareContext<Params, Query, Body>): Promise<Reply | undefined>
  handle(context: TenantContext<Params, Query, Body, Prepared>): Promise<Reply>
}

export type PlatformRoute<Params = unknown, Query = unknown, Body = unknown> = Declaration<Params, Query, Body> & {
  access: 'public' | 'signed-in' | 'person' | 'operator'
  tenant?: undefined
  acrossTenants?: undefined
  handle(context: Context<Params, Query, Body> & { caller: Caller | null }): Promise<Reply>
}

export type SystemRoute<Params = unknown, Query = unknown, Body = unknown> = Declaration<Params, Query, Body> & {
  access: 'operator'
  tenant?: undefined
  /** Why no single tenant will do, for the reader. */
  acrossTenants: string
  /** `tx` commits when the handler answers, rolls back when it throws. The idempotency record is part of it. */
  handle(context: Context<Params, Query, Body> & { caller: Caller; tx: SystemTx }): Promise<Reply>
}

export type Route = (TenantRoute | PlatformRoute | SystemRoute) & {
  access: Access
  acrossTenants?: string | undefined
  live?: StreamKind | undefined
  alsoPlain?: boolean | undefined
}

/** A route about one tenant's things. Its handler runs in that tenant's transaction. */
export function tenantRoute<Params = unknown, Query = unknown, Body = unknown, Prepared = unknown>(
  route: TenantRoute<Params, Query, Body, Prepared>,
): Route {
  return route as unknown as Route
}

/** A route of the operator about tenants themselves. Its handler runs in a transaction across them. */
export function systemRoute<Params = unknown, Query = unknown, Body = unknown>(
  route: SystemRoute<Params, Query, Body>,
): Route {
  return route as unknown as Route
}

/** A route about no tenant's data. It has no transaction; an `Idempotency-Key` is reserved before it acts. */
export function platformRoute<Params = unknown, Query = unknown, Body = unknown>(
  route: PlatformRoute<Params, Query, Body>,
): Route {
  return route as unknown as Route
}

/** A route about the account of the person who calls. */
export function personRoute<Params = unknown, Query = unknown, Body = unknown>(
  route: Declaration<Params, Query, Body> & {
    handle(context: Context<Params, Query, Body> & { caller: Caller; personId: string }): Promise<Reply>
  },
): Route {
  return platformRoute<Params, Query, Body>({
    ...route,
    access: 'person',
    handle: ({ caller, ...context }) => {
      if (!caller) throw new Error('a route for people was called by nobody')
      return route.handle({ ...context, caller, personId: demandPerson(caller) })
    },
  })
}

export function reply<Body>(status: number, body?: Body, headers?: ReplyHeaders): Reply<Body> {
  return { status, ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) }
}

import { Readable } from 'node:stream'
import type { Span } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Fault } from '../../kernel/faults.ts'
import type { Logger } from '../../kernel/logger.ts'
import { isTenantId, type TenantId } from '../../kernel/tenant-id.ts'
import { actFor, type Database, type SystemTx, type Tx } from '../database/index.ts'
import {
  type Authenticate,
  type Caller,
  demandOperator,
  demandPermission,
  demandPerson,
  requireCaller,
} from './access.ts'
import { findTenant } from './find-tenant.ts'
import { readIdempotentRequest } from './idempotency/idempotent-request.ts'
import { once } from './idempotency/once.ts'
import { onceReserved } from './idempotency/once-reserved.ts'
import { answerLive } from './live/answer-live.ts'
import { asksForEvents } from './live/asks-for-events.ts'
import { Problem } from './problem.ts'
import type { Context, PlatformRoute, Reply, Route, SystemRoute, TenantRoute } from './route.ts'
import { refuseUnstorableText } from './unstorable-text.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
    /** Aborted when the connection closes before the answer is complete. */
    gone: AbortSignal
    span: Span
  }
  interface FastifyContextConfig {
    declared?: Route
  }
}

export type MountDependencies = {
  database: Database
  authenticate: Authenticate
  /** Of a key that is reserved; what is not named is as in production. */
  keyLeaseSeconds?: number
}

const LIVE_ANSWER =
  'Answers with server-sent events; with the same events as messages `{ id, event, data }` of a WebSocket when the request asks for one.'
const LIVE_IF_ASKED =
  'With `Accept: text/event-stream`, or as a WebSocket of messages `{ id, event, data }`, it goes on with what happens.'
const SAFE_METHODS = new Set(['GET', 'HEAD'])

/** Registers one declared route: schemas, who may call it, and a handler wrapped in its tenant's transaction. */
export function mountRoute(app: FastifyInstance, prefix: string, route: Route, dependencies: MountDependencies): void {
  const { upload } = route
  if (!upload) {
    register(app, prefix, route, dependencies)
    return
  }
  // A scope of its own: what this route reads as a stream, no other route takes at all.
  app.register(async (own) => {
    own.removeAllContentTypeParsers()
    own.addContentTypeParser([...upload], (_request, payload, done) => done(null, payload))
    register(own, prefix, route, dependencies)
  })
}

function register(app: FastifyInstance, prefix: string, route: Route, dependencies: MountDependencies): void {
  app.route({
    method: route.method,
    url: prefix + route.path,
    config: { declared: route },
    schema: {
      operationId: route.operationId,
      summary: route.summary,
      tags: [route.tag],
      params: route.params ?? z.strictObject({}),
      querystring: route.query ?? z.strictObject({}),
      ...(route.body ? { body: route.body } : {}),
      ...(route.upload ? { consumes: [...route.upload] } : {}),
      response: { ...route.responses, '4xx': Problem, '5xx': Problem },
      ...(route.access === 'public' ? { security: [] } : {}),
      description: describe(route),
    },
    preValidation: (request) => onBehalf(request, () => authorizeEarly(route, request)),
    preHandler: refuseUnstorableText,
    handler: async (request, reply) => {
      reply.raw.once('close', () => request.place?.leave())
      const answered = await onBehalf(request, () => answer(route, request, dependencies))
      const live = liveFor(route, request)
      if (live) request.leaveCrowd?.()
      return live ? answerLive(reply, live, answered) : send(reply, answered)
    },
  })
}

/** As what this request is to be answered live; undefined: not at all. */
const liveFor = ({ live, alsoPlain }: Pick<Route, 'live' | 'alsoPlain'>, request: FastifyRequest) =>
  alsoPlain && !asksForEvents(request) ? undefined : live

/** What a request takes of the database is counted to whose it is. */
const onBehalf = <T>({ flow }: FastifyRequest, work: () => Promise<T>): Promise<T> =>
  flow ? actFor(flow, work) : work()

function answer(route: Route, request: FastifyRequest, dependencies: MountDependencies): Promise<Reply> {
  if (route.tenant) return answerForTenant(route as TenantRoute, request, dependencies)
  if (route.acrossTenants) return answerAcrossTenants(route as SystemRoute, request, dependencies.database)
  return answerForNoTenant(route as PlatformRoute, request, dependencies)
}

/**
 * Refuses before the body is looked at: who must not call a route learns nothing about its schema. A tenant that is
 * named wrongly is left to validation, which answers 422.
 */
async function authorizeEarly(route: Route, request: FastifyRequest): Promise<void> {
  if (route.access === 'public') return
  const caller = requireCaller(request)
  if (route.access === 'operator') demandOperator(caller)
  if (route.access === 'person') demandPerson(caller)
  if (route.tenant === 'query' || route.tenant === 'path') {
    const named = (route.tenant === 'query' ? request.query : request.params) as { tenant_id?: unknown }
    if (isTenantId(named.tenant_id)) await demandPermission(caller, route.access, named.tenant_id)
  }
}

async function answerForTenant(
  route: TenantRoute,
  request: FastifyRequest,
  dependencies: MountDependencies,
): Promise<Reply> {
  const { database } = dependencies
  const caller = requireCaller(request)
  const tenantId = await findTenant(route, request, database)
  // Decided again on the validated value: the early check reads the raw one, and the two must not be able to differ.
  await demandPermission(caller, route.access, tenantId)
  takePlace(route, request, { tenantId, dependencies })
  const record = readIdempotentRequest(route as Route, request, { tenantId, callerId: caller.id })
  const known = { ...context(request), caller, tenantId }
  if (!record) return answerInTenant(route, known, database, (_tx, make) => make())
  if (!route.prepare) return answerInTenant(route, known, database, (tx, make) => once(tx, record, make))
  // What it prepares may act: the key has to be taken before.
  return onceReserved({ ...dependencies, logger: known.log }, record, (complete) =>
    answerInTenant(route, known, database, async (tx, make) => {
      const made = await make()
      await complete(tx, made)
      return made
    }),
  )
}

/** Keeps the answer that `make` makes in the transaction, or gives one that was kept. */
type Keep = (tx: Tx, make: () => Promise<Reply>) => Promise<Reply>

async function answerInTenant(
  route: TenantRoute,
  known: Parameters<NonNullable<TenantRoute['prepare']>>[0],
  database: Database,
  keep: Keep,
): Promise<Reply> {
  const short = SAFE_METHODS.has(route.method) ? await route.shortcut?.(known) : undefined
  if (short) return short
  const prepared = await route.prepare?.(known)
  let made: Reply | undefined
  const work = (tx: Tx) =>
    keep(tx, async () => {
      made = await route.handle({ ...known, prepared, tx })
      return made
    })
  try {
    // What a live answer has opened is closed when the transaction fails, so that one is waited for.
    if (SAFE_METHODS.has(route.method) && !liveFor(route, known.request))
      return await database.readTenant(known.tenantId, work)
    return await database.withTenant(known.tenantId, work)
  } catch (error) {
    // A stream that nobody gets would never be closed.
    if (made?.body instanceof Readable) made.body.destroy()
    known.request.place?.leave()
    throw error
  }
}

type InTenant = { tenantId: TenantId; dependencies: MountDependencies }

/** What goes on is counted before anything of it is opened. */
function takePlace(route: TenantRoute, request: FastifyRequest, { tenantId, dependencies }: InTenant): void {
  const kind = liveFor(route, request)
  if (!kind || request.method === 'HEAD') return
  request.place = request.server.live.takePlace({
    ...{ kind, request, caller: requireCaller(request), tenantId, permission: route.access },
    mayGoOn: () => mayStillCall(route, request, { tenantId, dependencies }),
  })
}

/** Whether the same request would be let in now. Rejects when that cannot be told. */
async function mayStillCall(route: TenantRoute, request: FastifyRequest, { tenantId, dependencies }: InTenant) {
  try {
    const caller = await dependencies.authenticate(request)
    if (!caller) return { may: false }
    await demandPermission(caller, route.access, tenantId)
    return { may: true, until: caller.until }
  } catch (error) {
    if (error instanceof Fault && error.status < 500) return { may: false }
    throw error
  }
}

function answerAcrossTenants(route: SystemRoute, request: FastifyRequest, database: Database): Promise<Reply> {
  const caller = requireCaller(request)
  const record = readIdempotentRequest(route as Route, request, { tenantId: '', callerId: caller.id })
  const work = (tx: SystemTx) => route.handle({ ...context(request), caller, tx })
  if (SAFE_METHODS.has(route.method)) return database.readAcrossTenants(route.acrossTenants, work)
  return database.acrossTenants(route.acrossTenants, (tx) => (record ? once(tx, record, () => work(tx)) : work(tx)))
}

/** A route that has no transaction of ours acts outside of any, like what another one prepares. */
function answerForNoTenant(
  route: PlatformRoute,
  request: FastifyRequest,
  dependencies: MountDependencies,
): Promise<Reply> {
  const { caller, log } = request
  const callerId = caller?.id ?? `address:${request.ip}`
  const record = readIdempotentRequest(route as Route, request, { tenantId: '', callerId })
  const work = () => route.handle({ ...context(request), caller })
  if (!record) return work()
  const why = 'its key belongs to no tenant'
  return onceReserved({ ...dependencies, logger: log as unknown as Logger }, record, async (complete) => {
    const made = await work()
    await dependencies.database
      .acrossTenants(why, (tx) => complete(tx, made))
      // It is done: whoever asked is told so, and the lease keeps a repeat away for its while.
      .catch((err) => log.warn({ err, component: 'http' }, 'what was done is not remembered under its key'))
    return made
  })
}

function context(request: FastifyRequest): Context<unknown, unknown, unknown> {
  return {
    params: request.params,
    query: request.query,
    body: request.body,
    requestId: request.id,
    log: request.log as unknown as Logger,
    signal: request.gone,
    request,
  }
}

function send(reply: FastifyReply, { status, headers = {}, body }: Reply): FastifyReply {
  // It would have no cap, and go on for whoever may have it no more.
  if (body instanceof Readable) throw new Error('An answer that is streamed has to be declared as live.')
  return reply.code(status).headers(headers).send(body)
}

function describe(route: Route): string {
  if (route.live !== 'events') return describeAccess(route)
  return `${describeAccess(route)} ${route.alsoPlain ? LIVE_IF_ASKED : LIVE_ANSWER}`
}

function describeAccess(route: Route): string {
  switch (route.access) {
    case 'public':
      return 'Needs no credentials.'
    case 'signed-in':
      return 'Needs any valid credentials.'
    case 'person':
      return 'For a person who is signed in, about their own account.'
    case 'operator':
      return 'Needs the platform operator’s token.'
    default:
      return `Needs the permission \`${route.access}\` in the tenant.`
  }
}

import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import helmet from 'helmet'
import type { Fault } from '../../kernel/faults.ts'
import type { Logger } from '../../kernel/logger.ts'
import { actFor, type Database } from '../database/index.ts'
import { type Authenticate, unauthenticated } from './access.ts'
import { auditAccess } from './audit-access.ts'
import { type ConnectionLimits, watchConnections } from './connections/watch-connections.ts'
import { httpFault } from './faults.ts'
import { type KnownCallers, rememberCallers } from './known-callers.ts'
import { ARRIVAL_LIMITS, type ArrivalLimits, limitArrival, UPLOAD_TIMEOUT_MS } from './limit-arrival.ts'
import type { LiveTimes } from './live/carry.ts'
import { openLive } from './live/open-live.ts'
import type { StreamCaps } from './live/places.ts'
import { acceptUpgrades, asksForWebSocket } from './live/web-socket.ts'
import { mountRoute } from './mount-route.ts'
import { serveOpenApi } from './openapi.ts'
import { problemBody, toFault } from './problem.ts'
import { readJsonBodies } from './read-json.ts'
import { refuseMalformed } from './refuse-malformed.ts'
import { refuseOverload } from './refuse-overload.ts'
import { type OnAnswered, observeRequests, requestId } from './request-lifecycle.ts'
import { pathRewriter } from './rewrite-path.ts'
import type { Route } from './route.ts'

export const API_PREFIX = '/api/v1'
export const BODY_LIMIT_BYTES = 1_048_576

export type AppOptions = {
  logger: Logger
  database: Database
  authenticate: Authenticate
  /** Every permission that a role can grant; a route that asks for another one does not boot. */
  permissions: ReadonlySet<string>
  /** Served under /api/v1. */
  routes: readonly Route[]
  /** Served at the root: health, metrics, error pages. */
  rootRoutes: readonly Route[]
  requestsPerMinute: number
  corsOrigins?: readonly string[] | undefined
  /** Reverse proxies in front; the address of a caller is taken from what the outermost of them added. */
  trustedProxies: number
  version: string
  /** How soon requests have to arrive; what is not named is as in production. */
  arrival?: Partial<ArrivalLimits>
  /** How many connections there may be, and when they end; what is not named is as in production. */
  connections?: Partial<ConnectionLimits>
  /** How long a process that died keeps an `Idempotency-Key`; shorter only in tests. */
  keyLeaseSeconds?: number
  /** Of streams of events; what is not named is as in production. */
  liveTimes?: Partial<LiveTimes>
  /** How many streams there may be; what is not named is as in production. */
  streams?: Partial<StreamCaps>
  /** Told of every finished request, for metrics. */
  onAnswered?: OnAnswered
}

/** Without them Fastify loads compilers of its own before it is told of ours, which takes a twentieth of a start. */
const NO_OTHER_COMPILERS = {
  buildValidator: () => unusedCompiler,
  buildSerializer: () => unusedCompiler,
}
const unusedCompiler = () => {
  throw new Error('a route came before the compilers of its schemas')
}

/** Builds the HTTP server that production listens on and tests talk to. Throws when a route declares no known access. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const rewritePath = pathRewriter(API_PREFIX, options.routes, options.rootRoutes)
  const app = fastify({
    loggerInstance: options.logger as unknown as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    http: { shouldUpgradeCallback: asksForWebSocket },
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: UPLOAD_TIMEOUT_MS,
    routerOptions: { maxParamLength: 200 },
    // `true` would believe the leftmost address, which the caller writes.
    trustProxy: (_address, hop) => hop < options.trustedProxies,
    rewriteUrl: (request) => rewritePath(request.url ?? '/'),
    // Fastify closes keep-alive connections that are idle and lets answers under way finish.
    forceCloseConnections: 'idle',
    // Its answer would be no problem document; refuseWhileClosing gives one.
    return503OnClosing: false,
    // What fails before there is a route or even a request answers like everything else.
    frameworkErrors: answerProblem,
    clientErrorHandler: refuseMalformed,
    schemaController: { compilersFactory: NO_OTHER_COMPILERS },
  })
  // Fastify also reads text/plain; no route here does.
  app.removeContentTypeParser('text/plain')
  readJsonBodies(app)
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(answerProblem)
  app.setNotFoundHandler((request) => {
    throw nothingHere(request)
  })
  auditAccess(app, options.permissions)
  observeRequests(app, options.onAnswered)
  watchConnections(app, { ...options.connections, trustedProxies: options.trustedProxies })
  limitArrival(app, { ...ARRIVAL_LIMITS, ...options.arrival })
  refuseWhileClosing(app)
  openLive(app, { times: options.liveTimes, caps: options.streams })
  acceptUpgrades(app)
  const callers = rememberCallers(options.authenticate)
  refuseOverload(app, API_PREFIX, { connections: options.database.poolUse().max, callers })
  secureHeaders(app)
  if (options.corsOrigins) {
    await app.register(cors, {
      origin: [...options.corsOrigins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['link', 'location', 'retry-after', 'x-request-id', 'idempotent-replay'],
    })
  }
  await limitCallers(app, options, callers)
  await serveOpenApi(app, options.version)
  for (const route of options.rootRoutes) mountRoute(app, '', route, options)
  for (const route of options.routes) mountRoute(app, API_PREFIX, route, options)
  await app.ready()
  return app
}

const nothingHere = ({ method }: FastifyRequest) =>
  httpFault('http.route_not_found', {
    public: 'There is nothing at this address. /docs lists what there is.',
    internal: `no route for ${method}`,
  })

/** Made once; helmet's plugin for Fastify would make them again for each request. */
function secureHeaders(app: FastifyInstance): void {
  const secure = helmet({
    contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  })
  app.addHook('onRequest', (request, reply, done) =>
    secure(request.raw, reply.raw, (error) => done(error as Error | undefined)),
  )
}

function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const fault = toFault(error, request)
  const log = levelOf(fault)
  request.log[log](
    { code: fault.code, status: fault.status, reason: fault.message, ...(log === 'error' ? { err: error } : {}) },
    'fault',
  )
  reply
    .code(fault.status)
    .headers(fault.headers)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemBody(fault, request.id))
}

/** A refusal of too much is no error, and what is refused again and again should not fill the log: it is counted as answered. */
function levelOf({ code, status }: Fault): 'error' | 'info' | 'debug' {
  if (code === 'http.overloaded') return 'debug'
  return status >= 500 ? 'error' : 'info'
}

/** Requests that still arrive on open connections while the server closes go to another process; those under way finish. */
function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onRequest', async () => {
    if (!isClosing) return
    throw httpFault('http.draining', {
      public: 'This process is stopping. Send the request again: another one takes it.',
      internal: 'a request came while the server closes',
      headers: { 'retry-after': '1' },
    })
  })
  // Otherwise a caller that keeps its connection after the last answer keeps the server from closing.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
}

/** Finds the caller, then counts the request against them; without credentials, against the address. */
async function limitCallers(app: FastifyInstance, options: AppOptions, callers: KnownCallers): Promise<void> {
  await app.register(rateLimit, { global: false })
  const count = app.createRateLimit({
    max: options.requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => request.caller?.id ?? `address:${request.ip}`,
  })
  const refuseTooMany = async (request: FastifyRequest) => {
    const limit = await count(request)
    if (!limit.isAllowed && limit.isExceeded) {
      throw httpFault('http.too_many_requests', {
        public: `You may make ${options.requestsPerMinute} requests a minute. Wait and go on more slowly.`,
        internal: `${request.caller?.id ?? 'anonymous'} is over the request limit`,
        headers: { 'retry-after': String(limit.ttlInSeconds) },
      })
    }
  }
  app.addHook('onRequest', async (request) => {
    const { declared } = request.routeOptions.config
    const isPublic = declared === undefined || declared.access === 'public'
    if (!isPublic) {
      try {
        const find = () => callers.authenticate(request, request.isInCrowd ?? false)
        request.caller = await (request.flow ? actFor(request.flow, find) : find())
        if (request.caller) await request.isNoStranger?.()
      } catch (error) {
        // Wrong credentials count against the address; otherwise guessing would be free.
        await refuseTooMany(request)
        throw error
      }
    }
    await refuseTooMany(request)
    // Before the body is read: strangers do not make us wait for it, or parse a megabyte.
    if (request.is404) throw nothingHere(request)
    if (!isPublic && !request.caller) throw unauthenticated('no credentials')
  })
}

import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { Logger } from '../../kernel/logger.ts'
import type { Database } from '../database/index.ts'
import type { Authenticate } from './access.ts'
import { auditAccess } from './audit-access.ts'
import { httpFault } from './faults.ts'
import { mountRoute } from './mount-route.ts'
import { serveOpenApi } from './openapi.ts'
import { problemBody, toFault } from './problem.ts'
import { observeRequests, requestId } from './request-lifecycle.ts'
import { rewritePath } from './rewrite-path.ts'
import type { Route } from './route.ts'

export const API_PREFIX = '/api/v1'
export const BODY_LIMIT_BYTES = 1_048_576
const REQUEST_TIMEOUT_MS = 60_000

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
  trustProxy: boolean
  version: string
  /** Told of every finished request, for metrics. */
  onAnswered?: (answered: { method: string; route: string; status: number; seconds: number }) => void
}

/** Builds the HTTP server that production listens on and tests talk to. Throws when a route declares no known access. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.logger as unknown as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: 200 },
    trustProxy: options.trustProxy,
    rewriteUrl: (request) => rewritePath(request.url ?? '/'),
    // Fastify closes keep-alive connections that are idle and lets answers under way finish.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, request, reply) => {
    const fault = toFault(error, request)
    const log = fault.status >= 500 ? 'error' : 'info'
    request.log[log](
      { code: fault.code, status: fault.status, reason: fault.message, ...(log === 'error' ? { err: error } : {}) },
      'fault',
    )
    return reply
      .code(fault.status)
      .headers(fault.headers)
      .type('application/problem+json')
      .serializer((body: unknown) => JSON.stringify(body))
      .send(problemBody(fault, request.id))
  })
  app.setNotFoundHandler((request) => {
    throw httpFault('http.route_not_found', {
      public: 'There is nothing at this address. /docs lists what there is.',
      internal: `no route for ${request.method}`,
    })
  })
  auditAccess(app, options.permissions)
  observeRequests(app, options.onAnswered)
  await app.register(helmet, {
    global: true,
    contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  })
  if (options.corsOrigins) {
    await app.register(cors, {
      origin: [...options.corsOrigins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['link', 'location', 'retry-after', 'x-request-id', 'idempotent-replay'],
    })
  }
  await limitCallers(app, options)
  await serveOpenApi(app, options.version)
  for (const route of options.rootRoutes) mountRoute(app, '', route, options)
  for (const route of options.routes) mountRoute(app, API_PREFIX, route, options)
  await app.ready()
  return app
}

/** Finds the caller, then counts the request against them; without credentials, against the address. */
async function limitCallers(app: FastifyInstance, options: AppOptions): Promise<void> {
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
    if (request.routeOptions.config.declared && request.routeOptions.config.declared.access !== 'public') {
      try {
        request.caller = await options.authenticate(request)
      } catch (error) {
        // Wrong credentials count against the address; otherwise guessing would be free.
        await refuseTooMany(request)
        throw error
      }
    }
    await refuseTooMany(request)
  })
}

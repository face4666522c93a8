import type { FastifyInstance } from 'fastify'
import type { Route } from './route.ts'

/** Routes that libraries add for themselves (the documentation page); everything else has to be declared. */
const LIBRARY_ROUTES = ['/docs', '/openapi.json']

/** A route as it is mounted: `url` with the prefix. */
export type MountedRoute = { url: string; route: Route }

declare module 'fastify' {
  interface FastifyInstance {
    /** Every declared route; what is not here does not exist. */
    mountedRoutes: MountedRoute[]
  }
}

/**
 * Refuses to boot a route without declared access, with an unknown permission, a tenant's route without a tenant, and an
 * operation without a name of its own.
 */
export function auditAccess(app: FastifyInstance, permissions: ReadonlySet<string>): void {
  app.decorate('mountedRoutes', [])
  app.addHook('onRoute', (options) => {
    const declared = options.config?.declared
    if (!declared) {
      // The CORS plugin answers preflight requests, which never carry credentials.
      if (options.method === 'OPTIONS' && options.url === '*') return
      if (LIBRARY_ROUTES.some((path) => options.url === path || options.url.startsWith(`${path}/`))) return
      throw new Error(`${String(options.method)} ${options.url} declares no access. Mount it as a declared route.`)
    }
    const complaint = accessComplaint(declared, permissions) ?? nameComplaint(declared, app.mountedRoutes)
    if (complaint) throw new Error(`${declared.method} ${options.url} ${complaint}`)
    // Fastify mounts a HEAD route beside each GET route, with the same declaration.
    if (options.method === declared.method) app.mountedRoutes.push({ url: options.url, route: declared })
  })
}

/** `listTickets`: a verb and what it is done to. */
const OPERATION_ID = /^[a-z]+([A-Z][a-z0-9]*)+$|^[a-z]+$/

/** Clients, command lines and tools are named after operations: two of one name would be one. */
export function nameComplaint(route: Route, others: readonly MountedRoute[]): string | null {
  const { operationId } = route
  if (!OPERATION_ID.test(operationId ?? '')) return 'has no operationId that names its use case, as listTickets does.'
  const other = others.find(({ route: mounted }) => mounted.operationId === operationId && mounted !== route)
  return other ? `has the operationId ${operationId}, which ${other.route.method} ${other.url} has too.` : null
}

export function accessComplaint(
  route: Pick<Route, 'access' | 'tenant'>,
  permissions: ReadonlySet<string>,
): string | null {
  if (route.access === undefined) return 'declares no access.'
  switch (route.access) {
    case 'public':
    case 'signed-in':
    case 'person':
    case 'operator':
      return route.tenant ? `is about a tenant but open to ${route.access}.` : null
    default:
      if (!permissions.has(route.access)) return `asks for the permission ${route.access}, which no role grants.`
      return route.tenant ? null : `asks for ${route.access} but does not say in which tenant.`
  }
}

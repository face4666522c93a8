import type { ProcessRole } from '../../kernel/config.ts'
import type { MigrationSet } from '../database/index.ts'
import type { HealthCheck } from '../health/index.ts'
import type { Route } from '../http/index.ts'
import type { QueueDefinition } from '../queue/index.ts'
import { during } from '../telemetry/index.ts'
import type { UpkeepStep } from '../upkeep/index.ts'
import type { AnyModule, ApisOf, Deed, Ground, ModuleWith, Opened, Permissions, Schedule, Work } from './module.ts'

/** The modules that are in the system, opened. */
export type OpenModules = {
  routes: readonly Route[]
  kinds: readonly Work[]
  actions: readonly Deed[]
  schedules: readonly Schedule[]
  healthChecks: readonly HealthCheck[]
  upkeep: readonly UpkeepStep[]
  /** What a module offers to others. Throws when it is not among those that were opened. */
  apiOf<Api>(module: ModuleWith<Api>): Api
  /** Starts what processes with this role do, and registers its end. */
  start(role: ProcessRole): Promise<void>
}

/** Each module after those that it needs, otherwise as they are listed. Throws when one is missing, twice or needs itself. */
export function inOrderOfNeed(modules: readonly AnyModule[]): AnyModule[] {
  const names = modules.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new Error(`two modules are named ${twice}`)
  const ordered = new Set<AnyModule>()
  const place = (module: AnyModule, waiting: readonly AnyModule[]): void => {
    if (ordered.has(module)) return
    const way = [...waiting, module]
    if (waiting.includes(module)) throw new Error(`modules need each other: ${way.map(({ name }) => name).join(' → ')}`)
    for (const needed of Object.values<AnyModule>(module.needs ?? {})) {
      if (!modules.includes(needed)) throw new Error(`${module.name} needs ${needed.name}, which is not listed`)
      place(needed, way)
    }
    ordered.add(module)
  }
  for (const module of modules) place(module, [])
  return [...ordered]
}

/** The migrations of all modules, those of what is needed first. */
export const migrationsOf = (modules: readonly AnyModule[]): MigrationSet[] =>
  inOrderOfNeed(modules).flatMap(({ name, migrations }) =>
    migrations === undefined ? [] : [{ module: name, directory: migrations }],
  )

export const queuesOf = (modules: readonly AnyModule[]): QueueDefinition[] =>
  modules.flatMap(({ queues }) => queues ?? [])

/** Every permission with the least role that has it. Throws when two modules declare the same one. */
export function permissionsOf(modules: readonly AnyModule[]): Permissions {
  const all = new Map<string, Permissions[string]>()
  for (const { name, permissions } of modules) {
    for (const [permission, role] of Object.entries(permissions ?? {})) {
      if (all.has(permission)) throw new Error(`${name} declares ${permission}, which another module declares too`)
      all.set(permission, role)
    }
  }
  return Object.fromEntries(all)
}

/**
 * Opens the modules, each after what it needs, and registers their ends in `opened`: they are closed in reverse. Gauges are
 * registered as modules open.
 */
export async function openModules(
  modules: readonly AnyModule[],
  ground: Ground,
  opened: AsyncDisposableStack,
): Promise<OpenModules> {
  const open = new Map<AnyModule, Opened<unknown>>()
  const apiOf = <Api>(module: ModuleWith<Api>): Api => {
    const found = open.get(module)
    if (!found) throw new Error(`${module.name} is not open`)
    return found.api as Api
  }
  for (const module of inOrderOfNeed(modules)) {
    const needed = Object.entries<AnyModule>(module.needs ?? {}).map(([name, each]) => [name, apiOf(each)])
    const made = await during(module.name, () => module.open(ground, Object.fromEntries(needed) as ApisOf<unknown>))
    if (made.close) opened.defer(made.close)
    for (const { name, help, read } of made.gauges ?? []) ground.metrics.gauge(name, help, read)
    open.set(module, made)
  }
  const all = [...open.values()]
  const kinds = all.flatMap((each) => each.kinds ?? [])
  const actions = all.flatMap((each) => each.actions ?? [])
  return {
    routes: all.flatMap(({ routes }) => (typeof routes === 'function' ? routes({ kinds, actions }) : (routes ?? []))),
    kinds,
    actions,
    schedules: all.flatMap(({ schedules }) => schedules ?? []),
    healthChecks: all.flatMap(({ healthChecks }) => healthChecks ?? []),
    upkeep: all.flatMap(({ upkeep }) => upkeep ?? []),
    apiOf,
    start: async (role) => {
      const stops: (() => Promise<void>)[] = []
      // At the same time: each may take as long as all have. Registered first: what fails to start leaves the others to stop.
      opened.defer(async () => void (await Promise.all(stops.map((stop) => stop()))))
      for (const [{ name }, { starts }] of open) {
        const started = await during(name, () => starts?.[role]?.({ kinds, actions }))
        if (!started) continue
        stops.push(started.stop)
        for (const { name, help, read } of started.gauges ?? []) ground.metrics.gauge(name, help, read)
      }
    },
  }
}

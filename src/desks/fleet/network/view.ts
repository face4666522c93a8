import { z } from 'zod'
import type { PathRow, PathStop } from './store.ts'

const text = z.string()

export const StopView = z
  .object({
    ...{ stop_id: z.uuid(), name: text, names: z.record(text, text) },
    ...{ latitude: z.number().nullable(), longitude: z.number().nullable() },
    ...{ is_accessible: z.boolean(), is_active: z.boolean(), version: z.int() },
  })
  .meta({ id: 'FleetStop' })

export const PathView = z.object({ path_id: z.uuid(), name: text, version: z.int() }).meta({ id: 'FleetPath' })
export const PathDetail = z
  .object({
    ...{ path_id: z.uuid(), name: text, version: z.int() },
    stops: z.array(z.object({ position: z.int(), stop_id: z.uuid(), name: text, minutes: z.int(), metres: z.int() })),
    routes: z.array(text).meta({ description: 'Names of the routes that use it' }),
  })
  .meta({ id: 'FleetPathDetail' })

export const RouteView = z
  .object({
    ...{ route_id: z.uuid(), name: text, path_id: z.uuid(), direction: z.enum(['up', 'down']) },
    departs: text.meta({ description: 'Of the service day, in the tenant’s zone; past midnight as 25:10' }),
    calendar_id: z.uuid().nullable().meta({ description: 'On which days; null is every day' }),
    ...{ valid_from: z.iso.date(), valid_to: z.iso.date().nullable() },
    ...{ planned_seats: z.int(), is_active: z.boolean(), version: z.int() },
  })
  .meta({ id: 'FleetRoute' })

export const presentPath = (path: PathRow, stops: PathStop[], routes: string[]) => ({ ...path, stops, routes })

import { z } from 'zod'
import type { PathStop } from '../network/index.ts'
import { TRIP_STATUSES } from './status.ts'
import type { TripRow } from './store.ts'
import type { Suggestion } from './suggest.ts'

const text = z.string()
const timestamp = z.iso.datetime()

const trip = {
  ...{ trip_id: z.uuid(), name: text, route_id: z.uuid().nullable(), path_id: z.uuid() },
  service_date: z.iso.date().meta({ description: 'The day it belongs to; past midnight it leaves on the next one' }),
  ...{ direction: z.enum(['up', 'down']).nullable(), departs_at: timestamp, arrives_at: timestamp },
  delay_minutes: z.int(),
  ...{ status: z.enum(TRIP_STATUSES), status_reason: text.nullable() },
  ...{ vehicle_id: z.uuid().nullable(), registration: text.nullable() },
  ...{ driver_id: z.uuid().nullable(), driver_name: text.nullable() },
  ...{ seats: z.int(), wheelchair_places: z.int(), version: z.int() },
}
export const TripView = z.object(trip).meta({ id: 'FleetTrip' })

export const TripDetail = z
  .object({
    ...trip,
    missing: z.array(text).meta({ description: 'What keeps it from leaving, in words; empty: it is ready' }),
    stops: z.array(
      z.object({
        ...{ position: z.int(), stop_id: z.uuid(), name: text, metres: z.int() },
        planned_at: timestamp,
        expected_at: timestamp.meta({ description: 'With the delay' }),
      }),
    ),
  })
  .meta({ id: 'FleetTripDetail' })

export const SuggestionView = z
  .object({
    id: z.uuid(),
    name: text,
    fits: z.boolean(),
    against: z.array(text),
    reasons: z.array(text),
    cents: z.int(),
  })
  .meta({ id: 'FleetSuggestion' })

export const AttentionView = z.object({ ...trip, reasons: z.array(text) }).meta({ id: 'FleetTripThatNeedsAttention' })

export const presentTrip = ({ departs_at, arrives_at, ...row }: TripRow) => ({
  ...row,
  ...{ departs_at: departs_at.toISOString(), arrives_at: arrives_at.toISOString() },
})

export function presentDetail(row: TripRow, stops: readonly PathStop[], missing: string[]) {
  const at = (minutes: number) => new Date(row.departs_at.getTime() + minutes * 60_000).toISOString()
  return {
    ...{ ...presentTrip(row), missing },
    stops: stops.map(({ minutes, ...stop }) => ({
      ...{ ...stop, planned_at: at(minutes), expected_at: at(minutes + row.delay_minutes) },
    })),
  }
}

export const presentSuggestion = ({ order: _order, ...suggestion }: Suggestion) => ({
  ...suggestion,
  fits: suggestion.against.length === 0,
})

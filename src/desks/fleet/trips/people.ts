import type { ActionContext, Change } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { TripRow } from './store.ts'

/** What happens to a trip that those who are booked on it notice. */
export type TripEvent =
  | { kind: 'cancelled'; reason: string }
  | { kind: 'seats'; seats: number; wheelchairPlaces: number }
  | { kind: 'times'; was: Date; becomes: Date }

/** What comes of it for them. */
export type Noticed = Required<Pick<Change, 'people' | 'warnings'>>

export type Load = { seats: number; wheelchairs: number; bookings: number }

/** Those who are booked: they are not known here, but a trip has them. */
export type Riders = {
  /** The most seats and wheelchair places that are taken at once on some leg, and how many bookings there are, waiting ones too. */
  load(tx: Tx, tripId: string): Promise<Load>
  /** Throws the fault that says why it must not happen. The trip is locked. */
  happened(tx: Tx, context: ActionContext, trip: TripRow, event: TripEvent): Promise<Noticed>
}

export const NOBODY: Riders = {
  load: async () => ({ seats: 0, wheelchairs: 0, bookings: 0 }),
  happened: async () => ({ people: [], warnings: [] }),
}

import type { Tx } from '../../../platform/database/index.ts'
import { resourceFault } from './faults.ts'
import { type OccupationRow, occupationsBetween, type Resource } from './store.ts'
import { shown } from './zoned.ts'

export type Wanted = { from: Date; to: Date; butTrip?: string | undefined }

/** A vehicle or a driver, and what people call it. */
export type Named = { resource: Resource; name: string; zone: string }

/** What it is taken by, in words. */
export function describeOccupation(zone: string, { kind, reason, starts_at, ends_at }: OccupationRow): string {
  const what = { trip: 'the trip', maintenance: 'maintenance', blocked: 'a block', leave: 'leave' }[kind]
  return `${what}${reason ? ` “${reason}”` : ''} from ${shown(zone, starts_at)} to ${shown(zone, ends_at)}`
}

/**
 * Whoever has locked the resource knows then that it is free; the constraint of the table says the same to everybody else.
 *
 * @throws resources.taken, which names what has it
 */
export async function refuseTaken(tx: Tx, { resource, name, zone }: Named, wanted: Wanted): Promise<void> {
  const taken = await occupationsBetween(tx, resource, wanted)
  if (taken.length === 0) return
  throw resourceFault('resources.taken', {
    public: `${name} is taken by ${taken
      .slice(0, 3)
      .map((each) => describeOccupation(zone, each))
      .join(', ')}. Choose another one, or another time.`,
    internal: 'a resource is taken',
    extensions: {
      taken_by: taken.slice(0, 20).map(({ occupation_id, kind, trip_id, reason, starts_at, ends_at }) => ({
        ...{ occupation_id, kind, trip_id, what: reason },
        ...{ from: starts_at.toISOString(), to: ends_at.toISOString() },
      })),
    },
  })
}

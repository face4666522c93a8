import { z } from 'zod'

export const VEHICLE_KINDS = ['bus', 'minibus', 'van', 'cab'] as const
export type VehicleKind = (typeof VEHICLE_KINDS)[number]

/** Classes of 2006/126/EC that drive passengers. */
export const LICENCE_CLASSES = ['B', 'D1', 'D'] as const
export type LicenceClass = (typeof LICENCE_CLASSES)[number]

/** `until`: valid through that day. */
export const licence = z.strictObject({ class: z.enum(LICENCE_CLASSES), until: z.iso.date() })
export type Licence = z.output<typeof licence>

const DRIVES: Record<VehicleKind, readonly LicenceClass[]> = {
  bus: ['D'],
  minibus: ['D', 'D1'],
  van: ['D', 'D1', 'B'],
  cab: ['D', 'D1', 'B'],
}

/** Why somebody with these licences may not drive such a vehicle through `date`; null when they may. */
export function licenceComplaint(licences: readonly Licence[], kind: VehicleKind, date: string): string | null {
  const fitting = licences.filter((each) => DRIVES[kind].includes(each.class))
  if (fitting.length === 0) return `has no licence for a ${kind}: ${DRIVES[kind].join(' or ')} is needed`
  const lasts = fitting.some(({ until }) => until >= date)
  const last = fitting
    .map(({ until }) => until)
    .toSorted()
    .at(-1)
  return lasts ? null : `has a licence for a ${kind} until ${last} only`
}

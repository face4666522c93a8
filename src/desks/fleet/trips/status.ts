/**
 * What a trip goes through. Times may bring it on, people too; it never goes back, and what is over stays over.
 *
 *   scheduled → boarding → in_progress → completed
 *   scheduled, boarding, in_progress → cancelled
 */
export const TRIP_STATUSES = ['scheduled', 'boarding', 'in_progress', 'completed', 'cancelled'] as const
export type TripStatus = (typeof TRIP_STATUSES)[number]

const NEXT: Record<TripStatus, readonly TripStatus[]> = {
  scheduled: ['boarding', 'in_progress', 'cancelled'],
  boarding: ['in_progress', 'cancelled'],
  in_progress: ['completed', 'cancelled'],
  completed: [],
  cancelled: [],
}

export const mayBecome = (from: TripStatus, to: TripStatus): boolean => NEXT[from].includes(to)
export const nextOf = (status: TripStatus): readonly TripStatus[] => NEXT[status]
/** Nothing about it changes any more. */
export const isOver = (status: TripStatus): boolean => NEXT[status].length === 0
/** Vehicle, driver, times and bookings may still change. */
export const isOpen = (status: TripStatus): boolean => status === 'scheduled' || status === 'boarding'

/** What takes seats from one position of a trip to another. */
export type Ride = { seats: number; wheelchairs: number; pickup: number; dropoff: number }
export type Capacity = { seats: number; wheelchairs: number }

/** What is taken on each leg: leg n goes from position n to n + 1. */
export function loadPerLeg(rides: readonly Ride[], legs: number): Capacity[] {
  return Array.from({ length: legs }, (_, leg) => {
    const aboard = rides.filter(({ pickup, dropoff }) => pickup <= leg && leg < dropoff)
    return {
      seats: aboard.reduce((sum, { seats }) => sum + seats, 0),
      wheelchairs: aboard.reduce((sum, { wheelchairs }) => sum + wheelchairs, 0),
    }
  })
}

/** Whether one more ride fits beside those that are confirmed, on every leg of it. */
export function fits(ride: Ride, confirmed: readonly Ride[], capacity: Capacity): boolean {
  const legs = loadPerLeg([...confirmed, ride], ride.dropoff)
  return legs
    .slice(ride.pickup)
    .every(({ seats, wheelchairs }) => seats <= capacity.seats && wheelchairs <= capacity.wheelchairs)
}

/** Those that wait and now have room, in their turn: who waits longer goes first, who does not fit lets others pass. */
export function movingUp<Waiting extends Ride>(
  waiting: readonly Waiting[],
  confirmed: readonly Ride[],
  capacity: Capacity,
): Waiting[] {
  const aboard = [...confirmed]
  return waiting.filter((ride) => {
    if (!fits(ride, aboard, capacity)) return false
    aboard.push(ride)
    return true
  })
}

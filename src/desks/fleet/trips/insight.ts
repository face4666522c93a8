import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'

export type DaySummary = {
  trips: number
  scheduled: number
  boarding: number
  in_progress: number
  completed: number
  cancelled: number
  without_vehicle: number
  without_driver: number
  late: number
  vehicles: number
  drivers: number
}

/** The trips of one service day, counted. */
export async function summaryOf(tx: Tx, date: string): Promise<DaySummary> {
  const live = sql`status in ('scheduled', 'boarding', 'in_progress')`
  const { rows } = await sql<DaySummary>`
    select count(*)::int as trips,
      count(*) filter (where status = 'scheduled')::int as scheduled, count(*) filter (where status = 'boarding')::int as boarding,
      count(*) filter (where status = 'in_progress')::int as in_progress, count(*) filter (where status = 'completed')::int as completed,
      count(*) filter (where status = 'cancelled')::int as cancelled,
      count(*) filter (where ${live} and vehicle_id is null)::int as without_vehicle,
      count(*) filter (where ${live} and driver_id is null)::int as without_driver,
      count(*) filter (where ${live} and delay_minutes > 0)::int as late,
      count(distinct vehicle_id)::int as vehicles, count(distinct driver_id)::int as drivers
    from trips where service_date = ${date}`.execute(tx)
  const [row] = rows
  if (!row) throw new Error('a count gives one row')
  return row
}

export type VehicleUse = { vehicle_id: string; registration: string; trips: number; minutes: number; metres: number }

/** The vehicles with the most trips on these service days, cancelled ones not counted. */
export async function mostUsedVehicles(
  tx: Tx,
  { from, to, limit }: { from: string; to: string; limit: number },
): Promise<VehicleUse[]> {
  const { rows } = await sql<VehicleUse>`
    select vehicle_id, registration, count(*)::int as trips,
      (sum(extract(epoch from arrives_at - departs_at)) / 60)::int as minutes,
      coalesce(sum((select max(metres) from trip_stops s where s.tenant_id = t.tenant_id and s.trip_id = t.trip_id)), 0)::int as metres
    from trips t join vehicles using (tenant_id, vehicle_id)
    where service_date between ${from} and ${to} and status <> 'cancelled'
    group by vehicle_id, registration order by trips desc, registration limit ${limit}`.execute(tx)
  return rows
}

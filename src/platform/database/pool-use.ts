import type { Pool } from 'pg'

/** Connections in use or idle, how many there may be, and callers that wait for one. */
export type PoolUse = { total: number; idle: number; max: number; waiting: number }

export const poolUse = (pool: Pool): PoolUse => ({
  ...{ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
  max: pool.options.max,
})

/**
 * Twenty transactions take a connection about a second when each lasts as long as a slow one, 50 ms. Whoever came behind
 * them would wait longer than it takes to be refused and come again, or to be taken by another process.
 */
const WAITING_PER_CONNECTION = 20

/** Whether so many wait for a connection already that a new request should not join them. */
export const isCrowded = ({ waiting, max }: PoolUse): boolean => waiting >= max * WAITING_PER_CONNECTION

import type { Pool } from 'pg'

/** Connections in use or idle, how many there may be, and callers that wait for one. */
export type PoolUse = { total: number; idle: number; max: number; waiting: number }

export const poolUse = (pool: Pool): PoolUse => ({
  ...{ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
  max: pool.options.max,
})

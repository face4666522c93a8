export { type CounterDifference, findDifferences } from './find-differences.ts'
export { analyticsRoutes } from './routes.ts'

export const analyticsMigrations = {
  module: 'desks/support/analytics',
  directory: new URL('./migrations/', import.meta.url),
}

export const analyticsPermissions = { 'analytics.read': 'viewer' } as const

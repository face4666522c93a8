export const analyticsMigrations = {
  module: 'desks/support/analytics',
  directory: new URL('./migrations/', import.meta.url),
}

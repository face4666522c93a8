export const tenancyMigrations = { module: 'core/tenancy', directory: new URL('./migrations/', import.meta.url) }

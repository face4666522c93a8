export const deliveriesMigrations = { module: 'core/deliveries', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const deliveryPermissions = { 'delivery.read': 'agent', 'delivery.redrive': 'manager' } as const

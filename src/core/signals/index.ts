export { SEVERITIES, type Severity, SIGNAL_STATES, type Signal, type SignalState } from './signal.ts'

export const signalsMigrations = { module: 'core/signals', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const signalPermissions = { 'signal.read': 'viewer', 'signal.handle': 'agent' } as const

import { resourcesModule } from './resources/index.ts'

/** The fleet desk: who drives what, when, and whom. */
export const fleetDesk = [resourcesModule]

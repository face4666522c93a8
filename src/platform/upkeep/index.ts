export {
  type Aged,
  type OfAll,
  type OfTenant,
  type Retention,
  type RetentionByTable,
  retentionOf,
} from './retention.ts'
export { startUpkeep } from './start-upkeep.ts'
export { type Heap, heapAfterHeap, inHeaps, ROWS_AT_ONCE, type Round, type UpkeepStep } from './step.ts'

import type { RetentionByTable } from './retention.ts'

export const upkeepMigrations = { module: 'platform/upkeep', directory: new URL('./migrations/', import.meta.url) }

/** With the tables of `platform/database`, which stands below and knows nothing of this. */
export const upkeepRetention: RetentionByTable = {
  'platform.migrations': { becomes: 'kept', what: 'which migrations were applied', why: 'One row for each migration.' },
  'platform.secrets': {
    becomes: 'kept',
    what: 'secrets that the installation has made for itself',
    why: 'One row for each purpose. Without them nothing that is sealed could be read.',
  },
  'platform.upkeep_steps': { becomes: 'kept', what: 'when each step was done last', why: 'One row for each step.' },
}

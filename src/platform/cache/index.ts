export { type Copies, type CopyEvent, openCopies } from './copies.ts'
export { openMemoryStore } from './memory-store.ts'
export { openRedisStore } from './redis-store.ts'
export type { Store } from './store.ts'

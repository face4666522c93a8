export { SealBroken, SealedWithAnotherKey } from './errors.ts'
export { type Sealer, sealer } from './sealer.ts'

export { SealBroken, SealedWithAnotherKey } from './errors.ts'
export { keepSecret } from './keep-secret.ts'
export { type Sealer, sealer } from './sealer.ts'

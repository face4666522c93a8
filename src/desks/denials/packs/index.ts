export { checkPack, type Finding } from './check-pack.ts'
export { type ActionPlan, planFor } from './plan.ts'
export { type PackSource, writePack } from './write-pack.ts'

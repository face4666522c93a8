export {
  type AnyModule,
  type Deed,
  defineModule,
  type GaugeDeclaration,
  type Ground,
  MODULE_ROLES,
  type Module,
  type Opened,
  type Permissions,
  type Schedule,
  type Started,
  type Work,
} from './module.ts'
export { inOrderOfNeed, migrationsOf, type OpenModules, openModules, permissionsOf, queuesOf } from './open-modules.ts'

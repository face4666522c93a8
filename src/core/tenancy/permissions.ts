import type { PermissionCatalogue } from './roles.ts'

/** This module's permissions and the least role that has each. */
export const tenancyPermissions = {
  'tenant.read': 'viewer',
  'tenant.update': 'owner',
  'member.read': 'viewer',
  'member.invite': 'manager',
  'member.update': 'owner',
  'member.remove': 'owner',
  'key.create': 'manager',
  'key.read': 'manager',
  'key.revoke': 'manager',
} as const satisfies PermissionCatalogue

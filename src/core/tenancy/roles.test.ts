import { describe, expect, test } from 'vitest'
import { grants, permissionsOf, reaches, TENANT_ROLES } from './roles.ts'

const catalogue = { 'thing.read': 'viewer', 'thing.change': 'agent', 'thing.drop': 'owner' } as const

describe('roles', () => {
  test('each role reaches itself and all before it, and none after it', () => {
    const table = TENANT_ROLES.map((role) => TENANT_ROLES.filter((least) => reaches(role, least)))
    expect(table).toEqual([
      ['viewer'],
      ['viewer', 'agent'],
      ['viewer', 'agent', 'manager'],
      ['viewer', 'agent', 'manager', 'owner'],
    ])
  })

  test('a role has the permissions of the roles before it', () => {
    expect(permissionsOf(catalogue, 'viewer')).toEqual(['thing.read'])
    expect(permissionsOf(catalogue, 'manager')).toEqual(['thing.change', 'thing.read'])
    expect(permissionsOf(catalogue, 'owner')).toEqual(['thing.change', 'thing.drop', 'thing.read'])
  })

  test('a permission that no module declares is nobody’s, not even by an inherited name', () => {
    expect(grants(catalogue, 'owner', 'thing.unknown')).toBe(false)
    expect(grants(catalogue, 'owner', 'constructor')).toBe(false)
  })
})

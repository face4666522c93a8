import { expect, it } from 'vitest'
import { uuidsV7 } from './uuid.ts'

it('makes distinct UUIDs of version 7 that carry the time and ascend', () => {
  const now = Date.parse('2026-03-02T09:30:00.123Z')
  const ids = uuidsV7(4_096, now)
  expect(new Set(ids).size).toBe(4_096)
  expect(ids.toSorted()).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt(ids[0]?.replaceAll('-', '').slice(0, 12) ?? '', 16)).toBe(now)
})

import { describe, expect, it } from 'vitest'
import { isOutdated } from './rule-version.ts'

describe('what a ticket was classified by', () => {
  it.each([
    ['nothing', null, '2026.11.1', true],
    ['the current rules', '2026.11.1', '2026.11.1', false],
    ['an earlier release', '2026.9.30', '2026.11.1', true],
    ['a later release', '2026.11.2', '2026.11.1', false],
    ['a release that is later by number and earlier by text', '2026.11.1', '2026.9.30', false],
    ['a release with a further number', '2026.11.1.1', '2026.11.1', false],
    ['another override', '2026.11.1+aaaaaaaaaaaa', '2026.11.1+bbbbbbbbbbbb', true],
    ['an override that is gone', '2026.11.1+aaaaaaaaaaaa', '2026.11.1', true],
    ['an override of a later release', '2026.12.1+aaaaaaaaaaaa', '2026.11.1', false],
    ['no version at all', 'seed', '2026.11.1', true],
  ])('%s: is outdated or not', (_what, version, current, expected) => {
    expect(isOutdated(version, current)).toBe(expected)
  })
})

import { expect, it } from 'vitest'
import { findUnstorableText } from './unstorable-text.ts'

it.each([
  ['a text', 'plain'],
  ['other languages and emoji', { name: 'Grüße 你好 👩‍🚀' }],
  ['control characters that PostgreSQL keeps', ['\u0001', '\n']],
  ['no text at all', { count: 1, flag: true, nothing: null, missing: undefined }],
])('finds nothing wrong with %s', (_what, value) => {
  expect(findUnstorableText(value)).toBeNull()
})

it.each([
  ['a\0b', '(whole)'],
  [{ name: '\0' }, 'name'],
  [{ tags: ['fine', '\ud800'] }, 'tags.1'],
  [{ deep: { er: { name: 'half \udc00' } } }, 'deep.er.name'],
  [{ deep: { '\0': 1 } }, 'deep.(name)'],
])('names the field in %j', (value, field) => {
  expect(findUnstorableText(value)).toBe(field)
})

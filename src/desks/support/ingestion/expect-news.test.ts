import { expect, it } from 'vitest'
import { expectNews } from './expect-news.ts'

const page = (counts: { created?: number; updated?: number; restored?: number; unchanged?: number }) => ({
  ...{ created: 0, updated: 0, restored: 0, unchanged: 0 },
  ...counts,
})

it.each([
  ['nothing yet', [], false],
  ['a page of new tickets', [page({ created: 100 })], true],
  ['a page of changed and restored tickets', [page({ updated: 60, restored: 40 })], true],
  ['a page of known tickets', [page({ unchanged: 100 })], false],
  ['known tickets after new ones', [page({ created: 100 }), page({ unchanged: 100 })], false],
  ['new tickets after known ones', [page({ unchanged: 100 }), page({ created: 100 })], true],
  ['one known ticket in eleven', [page({ created: 10, unchanged: 1 })], true],
  ['one known ticket in ten', [page({ created: 9, unchanged: 1 })], false],
  ['a page without tickets of the tenant, after new ones', [page({ created: 100 }), page({})], true],
  ['a page that was not stored, after new ones', [page({ created: 100 }), undefined], true],
])('after %s: news expected is %s', (_, pages, areExpected) => {
  const news = expectNews()
  for (const counts of pages) news.learn('this run', counts)
  expect(news.areExpected('this run')).toBe(areExpected)
  expect(news.areExpected('another run')).toBe(false)
})

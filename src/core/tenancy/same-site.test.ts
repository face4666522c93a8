import { expect, test } from 'vitest'
import { comesFromOwnPages } from './same-site.ts'

const host = 'ops.example.com'
const trusted = new Set(['https://console.example.com'])

test.for([
  ['a page of this host', { origin: 'https://ops.example.com', secFetchSite: 'same-origin' }],
  ['a page of this host, said by the origin alone', { origin: 'https://ops.example.com' }],
  ['a page of this host with the port of its scheme', { origin: 'https://ops.example.com:443' }],
  ['a trusted origin', { origin: 'https://console.example.com', secFetchSite: 'same-site' }],
  ['an address typed by hand', { secFetchSite: 'none' }],
  ['something that is no browser', {}],
] as const)('%s may act with a cookie', ([, headers]) => {
  expect(comesFromOwnPages({ ...headers, host }, trusted)).toBe(true)
})

test.for([
  ['a foreign page', { origin: 'https://evil.example', secFetchSite: 'cross-site' }],
  ['a foreign page in an old browser', { origin: 'https://evil.example' }],
  ['a foreign page that hides its origin', { origin: 'null', secFetchSite: 'cross-site' }],
  ['a hidden origin in an old browser', { origin: 'null' }],
  ['a sibling host', { origin: 'https://blog.example.com', secFetchSite: 'same-site' }],
  ['a foreign page without an origin', { secFetchSite: 'cross-site' }],
  ['this host on another port', { origin: 'https://ops.example.com:8443' }],
  ['a host that only begins like ours', { origin: 'https://ops.example.com.evil.example' }],
  ['a trusted host with another scheme', { origin: 'http://console.example.com', secFetchSite: 'same-site' }],
] as const)('%s may not act with a cookie', ([, headers]) => {
  expect(comesFromOwnPages({ ...headers, host }, trusted)).toBe(false)
})

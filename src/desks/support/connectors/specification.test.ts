import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { specificationProvider } from './specification.ts'

/** A provider that has nothing, and the addresses that it was asked at. */
async function emptyProvider() {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end(JSON.stringify({ tickets: [], next_page: null, total_count: 0, deleted_ids: [] }))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { asked, url: `http://127.0.0.1:${port}` }
}

describe('the provider over HTTP', () => {
  it.each([
    ['', ''],
    ['/', ''],
    ['/base/path', '/base/path'],
    ['/base/path/', '/base/path'],
    ['/base/path?a=b', '/base/path'],
  ])('with “%s” behind the host of its base address is asked under “%s”', async (given, path) => {
    const { asked, url } = await emptyProvider()
    const provider = specificationProvider(`${url}${given}`, { fetch, timeoutSeconds: 30 })
    const { signal } = new AbortController()
    await provider.listPage(1, signal)
    await provider.listDeleted(signal)
    await provider.findTicket('a/b?c', signal)
    expect(asked).toEqual([
      `${path}/external/support-tickets?page=1&page_size=100`,
      `${path}/external/deleted-tickets`,
      `${path}/external/support-tickets/a%2Fb%3Fc`,
    ])
  })
})

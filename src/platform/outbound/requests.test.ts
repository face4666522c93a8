import { createServer, type RequestListener } from 'node:http'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { OutboundRefused, openOutbound } from './index.ts'
import { listen, pretendInternet } from './internet.fixture.ts'

/** A server that is allowed, and a way out to it. */
async function scene(onRequest: RequestListener, socketsPerOrigin?: number) {
  const server = await listen(createServer(onRequest))
  const origin = `http://127.0.0.1:${server.port}`
  const outbound = openOutbound({
    allowedPrivate: [`127.0.0.1:${server.port}`],
    ...(socketsPerOrigin === undefined ? {} : { socketsPerOrigin }),
  })
  onTestFinished(() => outbound.close())
  return { ...server, origin, outbound }
}

describe('a URL', () => {
  it.each([
    ['http://helpdesk.example/', 'https://'],
    ['ftp://helpdesk.example/', 'https://'],
    ['file:///etc/passwd', 'https://'],
    ['data:text/plain,hello', 'https://'],
    ['blob:https://helpdesk.example/x', 'https://'],
    ['https://user:swordfish@helpdesk.example/', 'user name or password'],
    ['https://swordfish@helpdesk.example/', 'user name or password'],
    ['not a URL', 'not a URL'],
  ])('%s is refused before anything is resolved, and it is said why', async (url, sentence) => {
    const reached = pretendInternet()
    const resolve = vi.fn(async () => ['93.184.216.34'])
    const outbound = openOutbound({ allowedPrivate: [], resolve })
    onTestFinished(() => outbound.close())
    const error = await outbound.fetch(url).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OutboundRefused)
    expect((error as OutboundRefused).public).toContain(sentence)
    expect(String(error) + (error as OutboundRefused).public).not.toContain('swordfish')
    expect([resolve.mock.calls.length, reached.length]).toEqual([0, 0])
  })
})

describe('a request', () => {
  it('arrives as it was made, and its answer can be read', async () => {
    const { outbound, origin } = await scene((request, response) => {
      response.setHeader('x-seen', `${request.method} ${request.headers.authorization}`)
      request.pipe(response)
    })
    const response = await outbound.fetch(`${origin}/x`, {
      method: 'POST',
      headers: new Headers({ authorization: 'Bearer swordfish' }),
      body: JSON.stringify({ a: 1 }),
    })
    expect(response.headers.get('x-seen')).toBe('POST Bearer swordfish')
    expect(await response.json()).toEqual({ a: 1 })
  })

  it('can be aborted', async () => {
    const { outbound, origin } = await scene(() => undefined)
    const controller = new AbortController()
    const answer = outbound.fetch(origin, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
  })

  it.each([[undefined], ['follow'], ['manual']] as const)(
    'is not led elsewhere, with redirect: %s',
    async (redirect) => {
      const paths: unknown[] = []
      const { outbound, origin } = await scene((request, response) => {
        paths.push(request.url)
        response.writeHead(307, { location: '/elsewhere' }).end()
      })
      const response = await outbound.fetch(`${origin}/here`, redirect && { redirect })
      expect([response.status, response.headers.get('location')]).toEqual([307, '/elsewhere'])
      expect(paths).toEqual(['/here'])
    },
  )

  it('fails at a redirect when the caller wants it so', async () => {
    const { outbound, origin } = await scene((_request, response) => response.writeHead(302, { location: '/' }).end())
    await expect(outbound.fetch(origin, { redirect: 'error' })).rejects.toThrow('fetch failed')
  })

  it('cannot bring a dispatcher of its own, which would connect anywhere', async () => {
    const { port, sockets } = await listen(createServer((_request, response) => response.end()))
    const outbound = openOutbound({ allowedPrivate: [] })
    const dispatcher = new Agent()
    onTestFinished(() => Promise.all([outbound.close(), dispatcher.destroy()]).then(() => undefined))
    await expect(outbound.fetch(`https://127.0.0.1:${port}`, { dispatcher } as object)).rejects.toThrow(OutboundRefused)
    expect(sockets).toHaveLength(0)
  })

  it('does not go through a proxy that the environment names', async () => {
    const proxied: unknown[] = []
    const proxy = await listen(createServer((request, response) => response.end(void proxied.push(request.url))))
    const address = `http://127.0.0.1:${proxy.port}`
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) vi.stubEnv(name, address)
    vi.stubEnv('no_proxy', undefined)
    vi.stubEnv('NO_PROXY', undefined)
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { outbound, origin } = await scene((_request, response) => response.end('hello'))
    expect(await (await outbound.fetch(origin)).text()).toBe('hello')
    expect(proxy.sockets).toHaveLength(0)
  })
})

describe('sockets', () => {
  it.each([
    [undefined, 8],
    [2, 2],
  ])('to one origin, with the option %s, are %i', async (option, most) => {
    const waiting: (() => void)[] = []
    const { outbound, origin, sockets } = await scene((_request, response) => {
      waiting.push(() => response.end())
    }, option)
    const answers = Promise.all(Array.from({ length: 3 * most }, async () => (await outbound.fetch(origin)).text()))
    let answered = 0
    while (answered < 3 * most) {
      await waitFor('the requests never arrived', () => waiting.length >= most)
      expect(waiting).toHaveLength(most)
      answered += waiting.length
      for (const end of waiting.splice(0)) end()
    }
    await answers
    expect(sockets).toHaveLength(most)
  })

  it('are ended by close, with what is under way, and none is opened afterwards; twice is no error', async () => {
    const { outbound, origin, sockets } = await scene((request, response) => {
      if (request.url === '/kept') response.end('hello')
      else response.write('begun')
    }, 1)
    await (await outbound.fetch(`${origin}/kept`)).text()
    const unread = await outbound.fetch(`${origin}/begun`)
    expect(sockets).toHaveLength(1)
    await outbound.close()
    await outbound.close()
    await expect(unread.text()).rejects.toThrow()
    await waitFor('the socket stayed open', () => sockets.every((socket) => socket.destroyed))
    await expect(outbound.fetch(origin)).rejects.toThrow('fetch failed')
    expect(sockets).toHaveLength(1)
  })
})

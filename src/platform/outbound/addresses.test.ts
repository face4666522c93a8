import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { OutboundRefused, openOutbound } from './index.ts'
import { listen, pretendInternet } from './internet.fixture.ts'

const PUBLIC = '93.184.216.34'
const PUBLIC_TOO = '2606:2800:220:1:248:1893:25c8:1946'

type Setup = Partial<Parameters<typeof openOutbound>[0]> & { answers?: string[][] | 'as the system does' }

/** A server, the internet around it, and a way out whose names resolve to `answers`, the last of them for ever. */
async function scene({ answers = [[PUBLIC]], ...options }: Setup = {}) {
  const reached = pretendInternet()
  const asked: string[] = []
  const server = await listen(createServer((_request, response) => response.end('hello')))
  const outbound = openOutbound({
    allowedPrivate: [],
    allowPlainHttp: true,
    ...(answers === 'as the system does'
      ? {}
      : { resolve: async (hostname) => answers[Math.min(asked.push(hostname), answers.length) - 1] ?? [] }),
    ...options,
  })
  onTestFinished(() => outbound.close())
  const get = async (url: string, init?: RequestInit) => (await outbound.fetch(url, init)).text()
  const refusal = async (url: string) => {
    const error = await get(url).then(
      (text) => new Error(`there was an answer: ${text}`),
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(OutboundRefused)
    return error as OutboundRefused
  }
  return { ...server, reached, asked, outbound, get, refusal }
}

describe('a name', () => {
  it('that is at a public address can be called', async () => {
    const { get, port, reached } = await scene()
    expect(await get(`http://helpdesk.example:${port}/`)).toBe('hello')
    expect(reached).toEqual([PUBLIC])
  })

  it.each([
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['100.64.0.1'],
    ['fd00:ec2::254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['not an address'],
  ])('that is at %s cannot, and only the operator is told where it is', async (address) => {
    const { refusal, port, sockets, reached } = await scene({ answers: [[address]] })
    for (const scheme of ['http', 'https']) {
      const refused = await refusal(`${scheme}://evil.example:${port}/token?secret=swordfish`)
      expect(refused.public).toContain('evil.example is not a host on the public internet')
      expect(refused.public).not.toContain(address)
      expect(refused.message).toContain(`evil.example is at ${address} (`)
      expect(refused.public + refused.message).not.toMatch(/token|swordfish/)
    }
    expect([sockets.length, reached]).toEqual([0, []])
  })

  it.each([[[PUBLIC, '10.0.0.1']], [['10.0.0.1', PUBLIC]], [[PUBLIC_TOO, PUBLIC, '::1']]])(
    'that is at %j cannot: one bad address is enough',
    async (answer) => {
      const { refusal, port, sockets } = await scene({ answers: [answer] })
      await refusal(`http://evil.example:${port}/`)
      expect(sockets).toHaveLength(0)
    },
  )

  it('that has no address is an error of the network, as any name that is not found', async () => {
    const { get, port } = await scene({ answers: [[]] })
    await expect(get(`http://gone.example:${port}/`)).rejects.toMatchObject({ cause: { code: 'ENOTFOUND' } })
  })

  it('is resolved once for a connection: a second answer (rebinding) is neither asked for nor used', async () => {
    const { get, port, reached, asked } = await scene({ answers: [[PUBLIC], ['127.0.0.1']] })
    expect(await get(`http://rebinding.example:${port}/`)).toBe('hello')
    expect(asked).toHaveLength(1)
    expect(reached).toEqual([PUBLIC])
  })

  it('is judged again for each new connection, while a kept one goes on to where it was judged', async () => {
    const { get, refusal, port, reached, asked, sockets } = await scene({
      answers: [[PUBLIC], ['127.0.0.1']],
      // With more, the second request need not wait for the first one's socket.
      socketsPerOrigin: 1,
    })
    const url = `http://rebinding.example:${port}/`
    expect([await get(url), await get(url)]).toEqual(['hello', 'hello'])
    expect([asked.length, sockets.length]).toEqual([1, 1])
    const [kept] = sockets
    kept?.destroy()
    await waitFor('the client never noticed that its connection ended', async () => {
      const error = await get(url).catch((reason: unknown) => reason)
      return error instanceof OutboundRefused
    })
    await refusal(url)
    expect([reached, sockets.length]).toEqual([[PUBLIC], 1])
  })

  it('that this machine knows as localhost is refused in whatever spelling', async () => {
    const { refusal, port, sockets } = await scene({ answers: 'as the system does' })
    for (const host of ['localhost', 'LOCALHOST', 'ｌｏｃａｌｈｏｓｔ', 'localhos%74']) {
      await refusal(`http://${host}:${port}/`)
    }
    expect(sockets).toHaveLength(0)
  })
})

describe('an address in the URL', () => {
  it.each([
    ['127.0.0.1'],
    ['2130706433'],
    ['0x7f000001'],
    ['0x7f.0.0.1'],
    ['0177.0.0.1'],
    ['017700000001'],
    ['127.1'],
    ['127.0.0.1.'],
    ['0'],
    ['%31%32%37.0.0.1'],
    ['１２７.０.０.１'],
    ['127。0。0。1'],
    ['①②⑦.0.0.1'],
    ['169.254.169.254'],
    ['10.0.0.1'],
    ['[::1]'],
    ['[0:0:0:0:0:0:0:1]'],
    ['[::]'],
    ['[::127.0.0.1]'],
    ['[::ffff:127.0.0.1]'],
    ['[::ffff:7f00:1]'],
    ['[64:ff9b::7f00:1]'],
    ['[2002:7f00:1::]'],
    ['[fd00::1]'],
    ['[fe80::1]'],
  ])('%s is refused without a connection', async (host) => {
    const { refusal, port, sockets, reached, asked } = await scene()
    for (const scheme of ['http', 'https']) {
      const refused = await refusal(`${scheme}://${host}:${port}/`)
      expect(refused.public).toContain('not a host on the public internet')
    }
    expect([sockets.length, reached, asked]).toEqual([0, [], []])
  })

  it.each([[PUBLIC], [`[${PUBLIC_TOO}]`]])('%s, which is public, can be called', async (host) => {
    const { get, port } = await scene()
    expect(await get(`http://${host}:${port}/`)).toBe('hello')
  })

  it.each([['::1'], ['[::1'], ['[::1%25lo]'], ['[127.0.0.1]'], ['256.0.0.1'], ['']])('%j is no URL', async (host) => {
    const { refusal } = await scene()
    expect((await refusal(`https://${host}/`)).public).toBe('The address is not a URL.')
  })
})

describe('a host that the operator has allowed', () => {
  const allowing = async (hosts: string[]) => {
    const found = await scene({ answers: [['127.0.0.1']] })
    const outbound = openOutbound({
      allowedPrivate: hosts.map((host) => host.replace('PORT', String(found.port))),
      resolve: async () => ['127.0.0.1'],
    })
    onTestFinished(() => outbound.close())
    const outcome = async (host: string) =>
      outbound.fetch(`http://${host.replace('PORT', String(found.port))}/`).then(
        (response) => response.text(),
        (error: Error) => error.name,
      )
    return { ...found, outcome }
  }

  it.each([
    [['127.0.0.1:PORT'], '127.0.0.1:PORT'],
    [['127.0.0.1'], '127.0.0.1:PORT'],
    [['127.0.0.1:PORT'], '0x7f.1:PORT'],
    [['LocalHost:PORT'], 'localhost:PORT'],
    [['localhost:PORT'], 'LOCALHOST:PORT'],
    [['[::1]:PORT'], '[0::1]:PORT'],
    [['helpdesk.internal'], 'helpdesk.internal:PORT'],
    [['other.internal', 'helpdesk.internal:PORT'], 'helpdesk.internal:PORT'],
  ])('%j can be called as %s, over plain http', async (hosts, host) => {
    const { outcome } = await allowing(hosts)
    expect(await outcome(host)).toBe('hello')
  })

  it.each([
    [['127.0.0.1:1'], '127.0.0.1:PORT'],
    [['127.0.0.1:PORT'], 'evil.example:PORT'],
    [['127.0.0.1:PORT'], 'localhost:PORT'],
    [['localhost:PORT'], 'localhost.:PORT'],
    [['localhost:PORT'], 'localhost.evil.example:PORT'],
    [['helpdesk.internal'], 'internal:PORT'],
    [['[::1]:PORT'], '[::1]:1'],
  ])('%j does not open %s', async (hosts, host) => {
    const { outcome, sockets } = await allowing(hosts)
    expect(await outcome(host)).toBe('OutboundRefused')
    expect(sockets).toHaveLength(0)
  })

  it('by the default port of a scheme is that URL without a port', async () => {
    const { get } = await scene({ answers: [['127.0.0.1']], allowedPrivate: ['helpdesk.internal:80'] })
    const error = await get('http://helpdesk.internal/').catch((reason: unknown) => reason)
    expect(error).not.toBeInstanceOf(OutboundRefused)
  })

  it('is an error at the start when it is neither host nor host:port', () => {
    expect(() => openOutbound({ allowedPrivate: ['10.1.2.0/24'] })).toThrow('"10.1.2.0/24" is neither')
  })
})

describe('https', () => {
  it('goes out to public hosts', async () => {
    const reached = pretendInternet()
    const firstBytes: number[] = []
    const { port } = await listen(
      createTcpServer((socket) =>
        socket.once('data', (data) => {
          firstBytes.push(Number(data[0]))
          socket.destroy()
        }),
      ),
    )
    const outbound = openOutbound({ allowedPrivate: [], resolve: async () => [PUBLIC] })
    onTestFinished(() => outbound.close())
    await expect(outbound.fetch(`https://helpdesk.example:${port}/`)).rejects.toThrow('fetch failed')
    // 22 begins a TLS handshake (RFC 8446 §5.1).
    expect([reached, firstBytes]).toEqual([[PUBLIC], [22]])
  })
})

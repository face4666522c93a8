import { createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { OutboundRefused, openOutbound } from './index.ts'
import { listen, pretendInternet } from './internet.fixture.ts'
import { PUBLIC, PUBLIC_TOO, scene } from './scene.fixture.ts'

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

import { describe, expect, it, onTestFinished } from 'vitest'
import { OutboundRefused, openOutbound } from './index.ts'
import { scene } from './scene.fixture.ts'

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

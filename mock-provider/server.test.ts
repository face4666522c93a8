import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startMockProvider } from './index.ts'

describe('the server', () => {
  it('closes at once with open, slow and hanging calls, ends them, and may be closed twice', async () => {
    const provider = await startMockProvider({ port: 0, tickets: 10, notify: 'hanging' })
    provider.setFaults([
      { route: '/external/support-tickets', kind: 'hang' },
      { route: '/external/deleted-tickets', kind: 'slow', delay_ms: 600_000 },
    ])
    const idle = connect(provider.port, provider.host)
    const idleEnded = new Promise((resolve) => idle.once('close', resolve))
    idle.on('error', () => undefined)
    const body = JSON.stringify({ ticket_id: 'ext-1', tenant_id: 'a', urgency: 'high', reason: 'x' })
    const headers = { 'content-type': 'application/json' }
    const answers = Promise.allSettled([
      fetch(`${provider.url}/external/support-tickets`),
      fetch(`${provider.url}/external/deleted-tickets`),
      fetch(`${provider.url}/notify`, { method: 'POST', headers, body }),
    ])
    await expect.poll(() => provider.calls().calls).toHaveLength(3)
    await expect.poll(() => provider.notifications()).toHaveLength(1)
    await Promise.all([provider.close(), provider.close()])
    expect((await answers).map((answer) => answer.status)).toEqual(['rejected', 'rejected', 'rejected'])
    await idleEnded
    await expect(fetch(`${provider.url}/health`)).rejects.toThrow()
  })

  it('closes while a /notify is in its delay, without waiting for it', async () => {
    const provider = await startMockProvider({
      port: 0,
      tickets: 0,
      notifyDelayMinMs: 600_000,
      notifyDelayMaxMs: 600_000,
    })
    const body = JSON.stringify({ ticket_id: 'ext-1', tenant_id: 'a', urgency: 'high', reason: 'x' })
    const headers = { 'content-type': 'application/json' }
    const answer = fetch(`${provider.url}/notify`, { method: 'POST', headers, body }).catch(() => 'cut off')
    await expect.poll(() => provider.notifications()).toHaveLength(1)
    await provider.close()
    expect(await answer).toBe('cut off')
  })

  it('ends calls that were pipelined behind a hanging one', async () => {
    const provider = await startMockProvider({ port: 0, tickets: 0 })
    provider.setFaults([{ route: '*', kind: 'hang' }])
    const socket = connect(provider.port, provider.host)
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3))
    await expect.poll(() => provider.calls().calls).toHaveLength(3)
    await provider.close()
    await ended
  })

  it('413 for a body beyond 1 MiB', async () => {
    const provider = await startMockProvider({ port: 0, tickets: 0 })
    const response = await fetch(`${provider.url}/notify`, { method: 'POST', body: 'x'.repeat(2 ** 20 + 1) })
    expect(response.status).toBe(413)
    await provider.close()
  })

  it('refuses to start on settings out of bounds and on a port that is taken', async () => {
    await expect(startMockProvider({ tickets: -1 })).rejects.toThrow('tickets must be a whole number')
    const provider = await startMockProvider({ port: 0, tickets: 0 })
    await expect(startMockProvider({ port: provider.port, tickets: 0 })).rejects.toThrow('EADDRINUSE')
    await provider.close()
  })
})

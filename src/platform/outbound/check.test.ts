import { describe, expect, it } from 'vitest'
import { OutboundRefused } from './index.ts'
import { PUBLIC, scene } from './scene.fixture.ts'

describe('an address that somebody enters', () => {
  const checked = async (url: string, answers: string[][], allowedPrivate: string[] = []) => {
    const { outbound, sockets, reached } = await scene({ answers, allowedPrivate, allowPlainHttp: false })
    const refusal = await outbound.check(url).catch((error: unknown) => error)
    expect([sockets, reached]).toEqual([[], []])
    return refusal
  }

  it.each([['https://hooks.example'], [`https://${PUBLIC}:8443/x?token=1`]])(
    '%s is good, and not called',
    async (url) => {
      expect(await checked(url, [[PUBLIC]])).toBeUndefined()
    },
  )

  it.each([
    ['http://hooks.example', [PUBLIC]],
    ['https://hooks.example', ['10.0.0.1']],
    ['https://hooks.example', [PUBLIC, '10.0.0.1']],
    ['https://127.0.0.1', []],
    ['https://[::1]:1', []],
    ['https://0x7f.1', []],
  ])('%s that is at %j is refused', async (url, addresses) => {
    expect(await checked(url, [addresses])).toBeInstanceOf(OutboundRefused)
  })

  it('is refused in the same words when its name is private and when it has no address', async () => {
    const [inside, nowhere] = [
      await checked('https://db.internal', [['10.0.0.1']]),
      await checked('https://db.internal', [[]]),
    ]
    expect((nowhere as OutboundRefused).public).toBe((inside as OutboundRefused).public)
  })

  it('may be anywhere when the operator has allowed its host', async () => {
    expect(await checked('http://hooks.internal:81', [[]], ['hooks.internal:81'])).toBeUndefined()
    expect(await checked('http://[::1]:81', [[]], ['[::1]:81'])).toBeUndefined()
    expect(await checked('http://hooks.internal:82', [[]], ['hooks.internal:81'])).toBeInstanceOf(OutboundRefused)
  })
})

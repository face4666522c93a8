import { createServer } from 'node:http'
import { expect, onTestFinished } from 'vitest'
import { OutboundRefused, openOutbound } from './index.ts'
import { listen, pretendInternet } from './internet.fixture.ts'

export const PUBLIC = '93.184.216.34'
export const PUBLIC_TOO = '2606:2800:220:1:248:1893:25c8:1946'

type Setup = Partial<Parameters<typeof openOutbound>[0]> & { answers?: string[][] | 'as the system does' }

/** A server, the internet around it, and a way out whose names resolve to `answers`, the last of them for ever. */
export async function scene({ answers = [[PUBLIC]], ...options }: Setup = {}) {
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

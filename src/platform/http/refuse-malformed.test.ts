import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { testApp } from '../../../test/harness/app.ts'

const app = testApp([])

/** What the server says to these bytes. */
async function say(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
  const answer = text(socket)
  socket.end(bytes)
  return answer
}

it.each([
  [
    'headers that are too long',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
    431,
    'http.headers_too_large',
  ],
  [
    'an address that is too long',
    `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    431,
    'http.headers_too_large',
  ],
  ['what is not HTTP', 'hello?\r\n\r\n', 400, 'http.bad_request'],
  ['a method nobody knows', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'http.bad_request'],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    400,
    'http.bad_request',
  ],
  [
    'an address with a broken escape',
    'GET /api/v1/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    400,
    'http.bad_request',
  ],
])('%s is answered with a problem document', async (_what, bytes, status, code) => {
  const [head = '', body = ''] = (await say(bytes)).split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head).toMatch(/content-type: application\/problem\+json/i)
  expect(JSON.parse(body)).toMatchObject({ status, code, type: `/errors/${code}`, request_id: expect.any(String) })
})

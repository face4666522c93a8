import { describe, expect, it } from 'vitest'
import { parseHostAndPort } from './host-and-port.ts'

describe('parseHostAndPort', () => {
  it.each([
    ['127.0.0.1:9000', '127.0.0.1', 9000],
    [' LocalHost:80 ', 'localhost', 80],
    ['[::1]:9000', '[::1]', 9000],
    ['[0:0::1]', '[::1]', undefined],
    ['helpdesk.internal', 'helpdesk.internal', undefined],
    ['helpdesk.internal:443', 'helpdesk.internal', 443],
    ['0x7f.1', '127.0.0.1', undefined],
    ['bücher.example', 'xn--bcher-kva.example', undefined],
  ])('reads %j as URLs write it', (text, host, port) => {
    expect(parseHostAndPort(text)).toEqual({ host, port })
  })

  it.each([
    [''],
    ['::1'],
    ['::1:9000'],
    ['[::1'],
    ['[fe80::1%25eth0]'],
    ['10.1.2.0/24'],
    ['http://localhost'],
    ['localhost:0'],
    ['localhost:65536'],
    ['localhost:'],
    ['user@localhost'],
    ['*.internal'],
    ['a b'],
    ['256.256.256.256'],
  ])('does not read %j', (text) => {
    expect(parseHostAndPort(text)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { mailAddress, needsSmtpUtf8 } from './mail-address.ts'

describe('a mail address', () => {
  it.each([
    ['ada@example.com', 'ada@example.com', false],
    [' ada@example.com ', 'ada@example.com', false],
    ['ada@例子.广告', 'ada@xn--fsqu00a.xn--4rr70v', false],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example', false],
    ['jürgen@example.com', 'jürgen@example.com', true],
    ['ju\u0308rgen@example.com', 'jürgen@example.com', true],
    ['用户@例子.广告', '用户@xn--fsqu00a.xn--4rr70v', true],
  ])('%s is kept as %s', (given, kept, needs) => {
    expect(mailAddress.parse(given)).toBe(kept)
    expect(needsSmtpUtf8(kept)).toBe(needs)
  })

  it.each([
    ...['', 'ada', 'ada@', '@example.com', 'jürgen@', '@bücher.example', 'jürgen@localhost', 'jürgen.@example.com'],
    ...[
      'jür gen@example.com',
      'jürgen,ben@example.com',
      'jürgen@example.com>',
      '<jürgen@example.com',
      'jür"gen@example.com',
    ],
    ...['jürgen\r\nBcc: eve@example.com', 'jürgen@exa\u0000mple.com', `${'ü'.repeat(33)}@example.com`, 'ü@[127.0.0.1]'],
    ...['\u202eü@example.com', 'ü@bücher..example'],
  ])('%j is none', (text) => {
    expect(mailAddress.safeParse(text).success).toBe(false)
  })
})

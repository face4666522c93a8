import { describe, expect, it } from 'vitest'
import { cutMessage, MESSAGE_BYTES_MAX } from './message-size.ts'

const bytes = (text: string) => Buffer.byteLength(text)

describe('a message', () => {
  it.each([
    ['as long as may be', 'x'.repeat(MESSAGE_BYTES_MAX)],
    ['of three bytes a character', '日'.repeat(Math.floor(MESSAGE_BYTES_MAX / 3))],
    ['of four bytes a character', '🙂'.repeat(MESSAGE_BYTES_MAX / 4)],
    ['that is short', 'hello'],
    ['that is empty', ''],
  ])('%s stays as it is', (_what, message) => {
    expect(cutMessage(message) === message).toBe(true)
  })

  it.each([
    ['x', 1],
    ['ü', 2],
    ['日', 3],
    ['🙂', 4],
  ])('of %s that is one character too long is cut between two characters', (character, width) => {
    const message = character.repeat(Math.floor(MESSAGE_BYTES_MAX / width) + 1)
    const cut = cutMessage(message)
    expect(message.startsWith(cut)).toBe(true)
    expect(cut.isWellFormed()).toBe(true)
    expect(bytes(cut)).toBeLessThanOrEqual(MESSAGE_BYTES_MAX)
    // By which a reader knows that it was cut.
    expect(bytes(cut)).toBeGreaterThan(MESSAGE_BYTES_MAX - 4)
  })

  it('is cut behind a character of any width, wherever that falls', () => {
    for (let shift = 0; shift < 8; shift += 1) {
      const message = 'x'.repeat(shift) + 'a🙂ü日'.repeat(200_000)
      const cut = cutMessage(message)
      expect(message.startsWith(cut)).toBe(true)
      expect(cut.isWellFormed()).toBe(true)
      expect(bytes(cut)).toBeGreaterThan(MESSAGE_BYTES_MAX - 4)
    }
  })

  it('cut twice is cut once', () => {
    const cut = cutMessage('日🙂'.repeat(500_000))
    expect(cutMessage(cut) === cut).toBe(true)
  })
})

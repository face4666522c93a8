import { describe, expect, it } from 'vitest'
import { cut, openScreen, plain, table } from './screen.ts'

const ESCAPE = '\u001b'

/** A screen whose streams are these, and what was written to them. */
function screenOn({ isTTY, ...environment }: { isTTY: boolean; NO_COLOR?: string; TERM?: string }) {
  const written: string[] = []
  const stream = { isTTY, columns: 40, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  return { screen: openScreen(stream as typeof process.stdout, stream as typeof process.stderr, environment), written }
}

describe('colours', () => {
  it('are on a terminal', () => {
    expect(screenOn({ isTTY: true }).screen.paint('red', 'failed')).toBe(`${ESCAPE}[31mfailed${ESCAPE}[0m`)
  })

  it.each([{ isTTY: false }, { isTTY: true, NO_COLOR: '1' }, { isTTY: true, TERM: 'dumb' }])(
    'are not there with %j',
    (given) => {
      expect(screenOn(given).screen.paint('red', 'failed')).toBe('failed')
    },
  )
})

it('text of others moves no cursor, changes no colour and turns no direction', () => {
  expect(plain(`a${ESCAPE}[2Jb\r\nc\u202ed\u009b31me`)).not.toMatch(/[\p{Cc}\u202e]/u)
})

it('a line that is drawn is gone when something is said', () => {
  const { screen, written } = screenOn({ isTTY: true })
  screen.draw('50 %')
  screen.say('done')
  screen.say('and more')
  expect(written).toEqual(['50 %', `\r${ESCAPE}[2K`, 'done\n', 'and more\n'])
})

describe('a table', () => {
  const { screen } = screenOn({ isTTY: false })
  const columns = [
    { head: 'ID', of: (row: { id: string; text: string }) => row.id },
    { head: 'TEXT', of: (row: { id: string; text: string }) => row.text },
  ]

  it('has columns as wide as what stands in them, and lines no longer than the screen', () => {
    const rows = [
      { id: 'a', text: 'short' },
      { id: 'long one', text: 'x'.repeat(100) },
    ]
    expect(table(rows, columns, screen)).toBe(
      ['ID        TEXT', 'a         short', `long one  ${'x'.repeat(29)}…`].join('\n'),
    )
  })

  it('counts two columns for a wide character, and never cuts one in two', () => {
    expect(table([{ id: '日本', text: 'b' }], columns, screen).split('\n')[1]).toBe('日本  b')
    expect(cut('日本語テキスト', 6)).toBe('日本…')
    expect(cut('👩‍👩‍👧 family', 5)).toBe('👩‍👩‍👧 f…')
  })
})

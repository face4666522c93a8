import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenise } from './tokenise.ts'
import { noTokens } from './tokens.ts'

const read = (text: string, from = 0, to = text.length) => {
  const tokens = noTokens()
  tokenise(text, [{ from, to }], tokens)
  return tokens
}

/** What the pieces of the tokeniser hand to each other: words, marks, entities, tags, addresses, letters of all kinds. */
const PIECES = [
  ...['a', 'B', 'word', 'LOUD', '23', '.', ',', ':', ';', '!', '?', '<', '>', '-', '(', '$', '@', "'", '’', '`'],
  ...[
    ' ',
    '\n',
    '\n\n',
    '\u00a0',
    '\u200b',
    'é',
    'ß',
    'я',
    '😀',
    '€',
    '…',
    '–',
    '¿',
    '。',
    '\u2028',
    '\ud800',
    '\udc00',
  ],
  ...['&amp;', '&#33;', '&#63;', '&lt;', '&#46;', '&#58;', '&#39;', '&#64;', '&#10;', '&#48;', '&eacute;', '&nope;'],
  ...['<b>', '</b>', '<br>', '<!-- x -->', '<style>x</style>', 'http://', 'www.', 'a@b.c', "n't", ':)', ';-)'],
  ...['x'.repeat(70), 'a\u0301'.repeat(120), '1.280,50', '14:30'],
]
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join(''))

describe('the tokens of any text', () => {
  it('stand one after the other within what was asked for, each column as long as the others', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(), (all, a, b) => {
        const from = a % (all.length + 1)
        const to = from + (b % (all.length - from + 1))
        const tokens = read(all, from, to)
        for (const [place, start] of tokens.from.entries()) {
          expect(start).toBeGreaterThanOrEqual(tokens.to[place - 1] ?? from)
          expect(tokens.to[place]).toBeGreaterThan(start)
        }
        const { words, breaks, sentences } = tokens
        const lengths = [words, tokens.from, tokens.to, breaks, sentences].map(({ length }) => length)
        expect(new Set(lengths).size).toBe(1)
        expect(sentences.every((sentence, place) => sentence >= (sentences[place - 1] ?? 0))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a mark that is written as an entity', () => {
  it.each([
    ['&#33;', ['stop', 'now']],
    ['&#63;', ['stop', 'now']],
    ['&#46; ', ['stop', 'now']],
    ['&#58; ', ['stop', 'now']],
    ['&#59; ', ['stop', 'now']],
    ['&#36;', ['stop', '$', 'now']],
  ])('%s is read as what it stands for, and the text goes on behind it', (entity, words) => {
    expect(read(`stop${entity}now`).words).toEqual(words)
  })
})

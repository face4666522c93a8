/** One line of a document, as a person sees it. Offsets count characters of the whole text, `[start, end)`. */
export type Line = {
  text: string
  page: number
  start: number
  end: number
}

/** What stands in a document. The text is what every offset of a fact counts in; it never changes afterwards. */
export type Reading = {
  text: string
  /** From 1; pages of a text file are what form feeds divide. */
  pages: number
  lines: readonly Line[]
}

/** Lines of a page longer than this are cut: no letter has one, and every rule's work is bounded by it. */
export const LINE_CHARACTERS_MAX = 2_000
export const TEXT_CHARACTERS_MAX = 2_000_000
export const LINES_MAX = 50_000
/** Blanks in a row and empty lines in a row: more say nothing, and every rule that steps over them pays for them. */
const BLANKS_MAX = 40
const EMPTY_LINES_MAX = 2

/** A reading of the text of each page. Characters that no letter has (controls, marks of direction, soft hyphens) are left out. */
export function readingOf(pages: readonly string[]): Reading {
  const lines: Line[] = []
  let text = ''
  for (const [index, page] of pages.entries()) {
    let empty = 0
    for (const raw of page.split(/\r\n|\r|\n|\u2028|\u2029/)) {
      const line = tidy(raw).slice(0, LINE_CHARACTERS_MAX)
      empty = line === '' ? empty + 1 : 0
      if (empty > EMPTY_LINES_MAX) continue
      if (text.length + line.length + 1 > TEXT_CHARACTERS_MAX || lines.length === LINES_MAX)
        return { text, pages: pages.length, lines }
      lines.push({ text: line, page: index + 1, start: text.length, end: text.length + line.length })
      text += `${line}\n`
    }
  }
  return { text, pages: pages.length, lines }
}

/** The line that a character stands in. */
export function lineAt({ lines }: Reading, offset: number): Line | undefined {
  let low = 0
  let high = lines.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const line = lines[middle] as Line
    if (offset < line.start) high = middle - 1
    else if (offset > line.end) low = middle + 1
    else return line
  }
  return undefined
}

const BLANKS = new RegExp(` {${BLANKS_MAX},}`, 'g')
const tidy = (line: string) =>
  line
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/[\t\u00a0\u1680\u2000-\u200a\u202f\u3000]/g, ' ')
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(BLANKS, ' '.repeat(BLANKS_MAX))
    .trimEnd()

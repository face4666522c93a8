import process from 'node:process'

const CODES = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const
export type Style = keyof typeof CODES

export type Screen = ReturnType<typeof openScreen>

/** Where a command writes: answers on standard output, everything else on standard error. */
export function openScreen(out = process.stdout, error = process.stderr, environment = process.env) {
  // https://no-color.org: any value but an empty one.
  const isColourful = Boolean(out.isTTY) && !environment.NO_COLOR && environment.TERM !== 'dumb'
  let drawn = false
  const clear = () => {
    if (drawn) error.write('\r\u001b[2K')
    drawn = false
  }
  return {
    isLive: Boolean(error.isTTY) && environment.TERM !== 'dumb',
    width: out.columns ?? 120,
    say(text: string) {
      clear()
      out.write(`${text}\n`)
    },
    warn(text: string) {
      clear()
      error.write(`${text}\n`)
    },
    /** A line that the next one replaces; only on a terminal. */
    draw(text: string) {
      clear()
      error.write(text)
      drawn = true
    },
    clear,
    paint: (style: Style, text: string) => (isColourful ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text),
  }
}

/**
 * Text of others as one line of a terminal: what would move its cursor, colour it or turn its direction is left out.
 */
export const plain = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')

const WIDE =
  /[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]/u
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const widthOf = (text: string) =>
  [...graphemes.segment(text)].reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0)

/** Cuts a text to so many columns of a terminal. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let [kept, width] = ['', 1]
  for (const { segment } of graphemes.segment(text)) {
    width += WIDE.test(segment) ? 2 : 1
    if (width > columns) break
    kept += segment
  }
  return `${kept}…`
}

export type Column<Row> = { head: string; of: (row: Row) => string; style?: (row: Row) => Style | undefined }

/** Columns as wide as they need to be; the last one takes what is left of the line. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], screen: Screen): string {
  const cells = rows.map((row) => columns.map(({ of }) => plain(of(row))))
  const widths = columns.map(({ head }, at) => Math.max(widthOf(head), ...cells.map((line) => widthOf(line[at] ?? ''))))
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const last = Math.max(10, screen.width - before)
  const line = (texts: readonly string[], paint: (text: string, at: number) => string) =>
    texts
      .map((text, at) => {
        if (at === columns.length - 1) return paint(cut(text, last), at)
        return paint(text, at) + ' '.repeat((widths[at] ?? 0) - widthOf(text))
      })
      .join('  ')
      .trimEnd()
  const head = line(
    columns.map((column) => column.head),
    (text) => screen.paint('bold', text),
  )
  const body = rows.map((row, index) =>
    line(cells[index] ?? [], (text, at) => {
      const style = columns[at]?.style?.(row)
      return style === undefined ? text : screen.paint(style, text)
    }),
  )
  return [head, ...body].join('\n')
}

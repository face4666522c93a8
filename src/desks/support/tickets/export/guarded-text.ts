/**
 * What a spreadsheet takes for a formula, or for something else than text, when a cell begins with it; the wide forms are
 * what some of them read as = + - @. A quote in front may be taken for that of the cell.
 */
const FORMULA = /^[\s\p{Cc}"]*[=+\-@＝＋－＠]/u
const TAKEN_FOR_FORMULA = /^[\s\p{Cc}]*[=+\-@＝＋－＠]|^[\t\r\n]/u

/**
 * Where a cell begins for a reader that splits at another sign than the comma: it does not see the quotes of our cells,
 * which do not stand behind its own sign, and takes line ends inside them for those of rows.
 */
const OTHER_BORDERS = /([;\t\r\n])/

/** To a spreadsheet an apostrophe, behind which everything is text; the invisible separator (U+2063) says that it is ours. */
const GUARD = "'\u2063"
const isGuarded = (text: string): boolean => text.startsWith(GUARD)

/** Each part that could be a cell by itself; the signs between them stay. The first is given the whole text. */
const eachPart = (text: string, change: (part: string, whole: string | null) => string): string =>
  text
    .split(OTHER_BORDERS)
    .map((part, index) => (index % 2 === 1 ? part : change(part, index === 0 ? text : null)))
    .join('')

/** A cell that spreadsheets show as it is, at whatever sign they split: comma, semicolon or tab. */
export const guard = (text: string): string =>
  eachPart(text, (part, whole) =>
    isGuarded(part) || FORMULA.test(part) || (whole !== null && TAKEN_FOR_FORMULA.test(whole)) ? GUARD + part : part,
  )

/** The same for a format that no spreadsheet opens: only what {@link unguard} would take for a guard needs one. */
export const guardGuards = (text: string): string =>
  text.includes(GUARD) ? eachPart(text, (part) => (isGuarded(part) ? GUARD + part : part)) : text

/** What was guarded, and everything else as it is. */
export const unguard = (text: string): string =>
  text.includes(GUARD) ? eachPart(text, (part) => (isGuarded(part) ? part.slice(GUARD.length) : part)) : text

/**
 * What a spreadsheet takes for a formula, or for something else than text, when a cell begins with it; the wide forms are
 * what some of them read as = + - @.
 */
const TAKEN_FOR_FORMULA = /^[\s\p{Cc}]*[=+\-@＝＋－＠]|^[\t\r\n]/u

/** To a spreadsheet an apostrophe, behind which everything is text; the invisible separator (U+2063) says that it is ours. */
const GUARD = "'\u2063"

/** A cell that spreadsheets show as it is. */
export const guard = (text: string): string =>
  TAKEN_FOR_FORMULA.test(text) || text.startsWith(GUARD) ? GUARD + text : text

/** The same for a format that no spreadsheet opens: only what {@link unguard} would take for a guard needs one. */
export const guardGuards = (text: string): string => (text.startsWith(GUARD) ? GUARD + text : text)

/** What was guarded, and everything else as it is. */
export const unguard = (text: string): string => (text.startsWith(GUARD) ? text.slice(GUARD.length) : text)

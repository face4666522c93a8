import { foldText } from './fold.ts'
import type { Range } from './tokenise.ts'

/** What the words of a mail say about which part of it the writer wrote just now. Everything folded. */
export type CutRules = {
  quoteHeaders: readonly { begins: string; contains: string }[]
  earlierMailLines: readonly string[]
  headerFields: ReadonlySet<string>
  /** These three are alternatives of literals: nothing in them can be repeated, so nothing can run away. */
  deviceLines: RegExp
  closings: RegExp
  footers: RegExp
}

/** `forwarded`: what somebody hands on below or without own words; weighed only when there are none. */
type OwnWords = { own: Range[]; forwarded: Range[] }

/** Only the beginning of a line tells what it is. */
const LINE_HEAD = 160
/** "Kind regards" is short; a sentence that begins like one is not a closing. */
const CLOSING_LENGTH_MAX = 45
/** Longer lines below the closing are sentences again, not names and titles. */
const SIGNATURE_LINE_MAX = 75
const HEADER_LINES_MIN = 2

type Line = { from: number; to: number; head: string }

/** Parts own words from quotes, forwards, signatures and footers, line by line, in these windows of the text. Linear. */
export function cutOwnWords(text: string, windows: readonly Range[], rules: CutRules): OwnWords {
  const own: Range[] = []
  const forwarded: Range[] = []
  let mode: 'own' | 'earlier' | 'quote' | 'signature' = 'own'
  let hasOwn = false
  let headerLines = 0
  let headerFrom = 0

  const keep = (list: Range[], { from, to }: Line) => {
    const last = list.at(-1)
    if (last && last.to === from) last.to = to
    else list.push({ from, to })
  }

  const lines = windows.flatMap((window) => linesOf(text, window))
  for (const [place, line] of lines.entries()) {
    const { head } = line
    if (mode === 'earlier') {
      keep(forwarded, line)
      continue
    }
    if (head === '') {
      if (mode === 'own' || mode === 'signature') keep(own, line)
      continue
    }
    if (head.startsWith('>') || head.startsWith('|>')) {
      mode = 'quote'
      continue
    }
    if (mode === 'quote') mode = 'own'
    const earlier = beginsEarlierMail(lines, place, rules)
    if (earlier === 'quoted') {
      mode = 'quote'
      continue
    }
    if (earlier === 'to the end') {
      mode = 'earlier'
      continue
    }
    const isField = isHeaderField(head, rules)
    headerLines = isField ? headerLines + 1 : 0
    if (headerLines === 1) headerFrom = line.from
    if (headerLines >= HEADER_LINES_MIN) {
      // The first of the header's lines was kept before the second one told what they are.
      dropFrom(own, headerFrom)
      mode = 'earlier'
      continue
    }
    if (head === '--' || head === '-- ' || rules.footers.test(head)) {
      if (hasOwn || head.startsWith('--')) break
    }
    if (head.length < 70 && rules.deviceLines.test(head)) continue
    if (mode === 'signature') {
      const isPostscript = /^p\.? ?s\b/.test(head)
      if (!isPostscript && line.to - line.from < SIGNATURE_LINE_MAX) continue
      mode = 'own'
    }
    if (hasOwn && isClosing(head, rules)) {
      mode = 'signature'
      continue
    }
    keep(own, line)
    hasOwn = true
  }
  return { own, forwarded }
}

function linesOf(text: string, window: Range): Line[] {
  const lines: Line[] = []
  for (let from = window.from; from < window.to; ) {
    const found = text.indexOf('\n', from)
    const to = found < 0 ? window.to : Math.min(found + 1, window.to)
    lines.push({ from, to, head: headOf(text, from, to) })
    from = to
  }
  return lines
}

function headOf(text: string, from: number, to: number): string {
  const head = text.slice(from, Math.min(to, from + LINE_HEAD)).trim()
  return head === '' ? '' : foldText(head).trim()
}

function beginsEarlierMail(
  lines: readonly Line[],
  place: number,
  rules: CutRules,
): 'quoted' | 'to the end' | undefined {
  const head = lines[place]?.head ?? ''
  // Mail programs wrap the line; whose mail it is may stand on the next.
  const joined = `${head} ${lines[place + 1]?.head ?? ''}`
  const isHeader = rules.quoteHeaders.some(({ begins, contains }) => {
    if (!head.startsWith(begins)) return false
    if (head.endsWith(':')) return head.includes(contains)
    return head.length > 12 && joined.endsWith(':') && joined.includes(contains)
  })
  if (isHeader) {
    const next = lines.slice(place + 1, place + 5).find((line) => line.head !== '' && !line.head.endsWith(':'))
    return next?.head.startsWith('>') ? 'quoted' : 'to the end'
  }
  if (!/^[-_=*> ]{2,}/.test(head)) return undefined
  if (rules.earlierMailLines.some((words) => head.includes(words))) return 'to the end'
  const next = lines[place + 1]?.head ?? ''
  return /^[_-]{10,}$/.test(head) && isHeaderField(next, rules) ? 'to the end' : undefined
}

function isHeaderField(head: string, rules: CutRules): boolean {
  const colon = head.indexOf(':')
  return colon > 0 && colon <= 16 && rules.headerFields.has(head.slice(0, colon).replace(/\*/g, '').trim())
}

const isClosing = (head: string, rules: CutRules) => head.length <= CLOSING_LENGTH_MAX && rules.closings.test(head)

function dropFrom(ranges: Range[], from: number): void {
  while ((ranges.at(-1)?.from ?? -1) >= from) ranges.pop()
  const last = ranges.at(-1)
  if (last && last.to > from) last.to = from
}

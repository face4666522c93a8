import { sentenceAround } from './find-windows.ts'
import type { Found } from './found.ts'

const LABELLED =
  /(?:reason\s+for\s+(?:the\s+|this\s+|our\s+)?(?:denial|decision|determination)|denial\s+reason|reason\s+for\s+non-?payment|why\s+(?:we|was)\s+[^\n:?]{3,40}|motivo\s+de\s+(?:la\s+)?(?:denegaci[óo]n|decisi[óo]n)|raz[óo]n\s+de\s+(?:la\s+)?(?:denegaci[óo]n|decisi[óo]n))\s*[:?]\s*/giu

const STATEMENTS: readonly { words: RegExp; weight: number }[] = [
  {
    words:
      /\b(?:denied|declined|not\s+approved|cannot\s+(?:be\s+)?approved?|denegad[oa]|negad[oa])\b[^.\n]{0,40}\b(?:because|since|as|due\s+to|porque|debido\s+a)\b/giu,
    weight: 0.93,
  },
  {
    words:
      /\b(?:do(?:es)?\s+not\s+meet|did\s+not\s+meet|is\s+not\s+medically\s+necessary|not\s+medically\s+necessary|no\s+es\s+m[ée]dicamente\s+necesari[oa]|no\s+cumple)\b/giu,
    weight: 0.92,
  },
  { words: /\b(?:experimental|investigational|en\s+investigaci[óo]n)\b/giu, weight: 0.88 },
  {
    words:
      /\b(?:was|were)\s+not\s+(?:obtained|authorized|pre-?certified|received\s+within)\b|\bwithout\s+(?:prior\s+)?(?:authorization|approval)\b|\bsin\s+autorizaci[óo]n\s+previa\b/giu,
    weight: 0.9,
  },
  {
    words:
      /\b(?:excluded|exclusion|not\s+(?:a\s+)?covered(?:\s+(?:benefit|service))?|benefit\s+(?:limit|maximum)|no\s+est[áa]\s+cubiert[oa])\b/giu,
    weight: 0.85,
  },
  {
    words:
      /\b(?:out[\s-]of[\s-]network|duplicate|bundled|included\s+in|timely\s+filing|time\s+limit\s+for\s+filing|other\s+(?:insurance|coverage)|coordination\s+of\s+benefits|not\s+eligible|invalid\s+(?:modifier|code)|incorrect(?:ly)?\s+cod\w+|additional\s+information)\b/giu,
    weight: 0.8,
  },
]
const REASON_CHARACTERS_MAX = 1_200

/** Why it was denied, in the letter's own words: what stands behind the label, to the end of its paragraph, or the sentence that says it. */
export function findReason(text: string): Found[] {
  const found: Found[] = []
  const put = (start: number, raw: string, weight: number) => {
    const value = raw.trimEnd().slice(0, REASON_CHARACTERS_MAX)
    if (value.length >= 10) {
      found.push({
        field: 'denial_reason',
        value,
        normalised: value.replace(/\s+/g, ' '),
        start,
        end: start + value.length,
        method: 'rule',
        signs: { words: weight },
      })
    }
  }
  for (const match of text.matchAll(LABELLED)) {
    const start = match.index + match[0].length
    const end = /\n\s*\n|\n(?=[^\n:]{2,40}:\s)/u.exec(text.slice(start, start + REASON_CHARACTERS_MAX))
    put(start, text.slice(start, end ? start + end.index : start + REASON_CHARACTERS_MAX), 0.96)
  }
  for (const { words, weight } of STATEMENTS) {
    for (const match of text.matchAll(words)) {
      const { start, sentence } = sentenceAround(text, match.index)
      const at = text.indexOf(sentence, start)
      // What may be appealed against, or is generally so, is not why this was denied.
      const isRights = /\b(?:you\s+(?:may|can|have)|if\s+you|right\s+to|usted\s+(?:puede|tiene)|si\s+usted)\b/iu.test(
        sentence,
      )
      if (at >= 0) put(at, sentence, isRights ? weight * 0.4 : weight)
    }
  }
  return found
}

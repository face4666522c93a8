import type { Window, WindowKind } from './fact.ts'
import { type FoundWindow, findWindows } from './find-windows.ts'

/** In the order in which they are asked: the first whose words stand in the sentence, else in what is said shortly before. */
const KINDS: readonly { kind: WindowKind; words: RegExp }[] = [
  {
    kind: 'decision',
    words:
      /\b(?:we\s+(?:will|must|shall)|(?:plan|insurer)\s+(?:will|must)|our\s+(?:decision|answer|response)\s+(?:will|within|is|on)|(?:a|the|an)\s+(?:decision|response|answer)\s+(?:will\s+be|within)|nosotros|le\s+(?:responderemos|enviaremos)|tomaremos|decidiremos)\b/iu,
  },
  {
    kind: 'external_review',
    words:
      /\b(?:external\s+review|independent\s+(?:external\s+)?review|IRO|revisi[óo]n\s+externa|(?:state\s+)?fair\s+hearing|audiencia\s+imparcial)\b/iu,
  },
  {
    kind: 'corrected_claim',
    words:
      /\b(?:corrected\s+claims?|re-?submit(?:ted)?|re-?submission|reclamaci(?:[óo]n|ones)\s+corregidas?|reenv[íi]\w+)\b/iu,
  },
  {
    kind: 'appeal',
    words: /\b(?:appeals?|appealing|reconsideration|redetermination|grievance|apel\w+|reconsideraci[óo]n)\b/iu,
  },
  {
    kind: 'timely_filing',
    words:
      /\b(?:timely\s+filing|fil(?:e|ed|ing)\s+(?:a\s+|your\s+|of\s+)?claims?|filing\s+limit|claims?\s+must\s+be\s+(?:filed|submitted|received)|presentaci[óo]n\s+oportuna)\b/iu,
  },
  {
    kind: 'information',
    words:
      /\b(?:additional|requested|missing)\s+(?:information|documentation|records)|\bmedical\s+records\b|\binformaci[óo]n\s+adicional\b/iu,
  },
]

/** Times that are none of a right's: supplies, waiting periods, therapy. */
const NOT_A_TIME_LIMIT =
  /[\s-]*(?:supply|of\s+(?:therapy|treatment|coverage|service)|stay|waiting\s+period|look-?back|trial|course|days?\s+old|de\s+(?:tratamiento|terapia))/iu

const FROM: readonly { from: NonNullable<Window['from']>; words: RegExp }[] = [
  {
    from: 'service',
    words:
      /\b(?:from|of|after|desde|de)\s+(?:the\s+|la\s+)?(?:dates?\s+of\s+service|service\s+date|fecha\s+de(?:l)?\s+servicio)\b/iu,
  },
  { from: 'receipt', words: /\b(?:receipt|receiv(?:e|ed|ing)|recib\w+|recepci[óo]n)\b/iu },
  {
    from: 'decision',
    words: /\b(?:final|internal|appeal)\s+(?:adverse\s+)?(?:decision|determination|denial)|decisi[óo]n\s+final\b/iu,
  },
  {
    from: 'notice',
    words:
      /\b(?:(?:this|the|our)\s+(?:notice|letter|denial|determination|decision|explanation)|date\s+(?:on|of)\s+(?:this|the)|(?:notice|letter)\s+date|of\s+notice|denial|dated?|esta\s+(?:carta|notificaci[óo]n)|este\s+aviso|fecha\s+de\s+(?:la\s+)?(?:carta|notificaci[óo]n)|de\s+la\s+notificaci[óo]n)\b/iu,
  },
]

const CONTEXT = 250

/** The times that a letter gives for something, each with what it is for. What is for nothing that we know is left out. */
export function findTimeLimits(text: string): (Omit<Window, 'evidence'> & FoundWindow)[] {
  return findWindows(text).flatMap((window) => {
    if (NOT_A_TIME_LIMIT.test(text.slice(window.end, window.end + 30))) return []
    const here = window.sentence
    const shortly = text.slice(Math.max(0, window.sentenceStart - CONTEXT), window.sentenceStart)
    const inSentence = KINDS.find(({ words }) => words.test(here))
    const kind = inSentence ?? KINDS.slice(1).find(({ words }) => words.test(shortly))
    if (!kind) return []
    const from = FROM.find(({ words }) => words.test(here))?.from ?? null
    return [{ ...window, kind: kind.kind, from, confidence: inSentence ? 0.97 : 0.85 }]
  })
}

import type { Field } from './fact.ts'
import { type FoundDate, findDates } from './find-dates.ts'
import { sentenceAround } from './find-windows.ts'
import { beforeInSentence, type Found } from './found.ts'

/** Words before a date that say whose date it is; those nearest to it decide. `null`: somebody else's, of no use here. */
const ROLES: readonly { role: Field | 'deadline' | null; words: RegExp; weight: number }[] = [
  {
    role: null,
    weight: 1,
    words: /\b(?:date\s+of\s+birth|birth\s?date|d\.?o\.?b\.?|born(?:\s+on)?|fecha\s+de\s+nacimiento)\b/giu,
  },
  {
    role: null,
    weight: 1,
    words:
      /\b(?:effective(?:\s+date)?|coverage\s+(?:began|begins|ended|date)|plan\s+year|policy\s+(?:date|period)|enrolled|check\s+date|paid\s+on|printed(?:\s+on)?|print\s+date|revised|rev\.|version|form\s+date|accident|injury)\b/giu,
  },
  {
    role: 'dates.date_of_service',
    weight: 0.98,
    words: /\b(?:dates?\s+of\s+services?|services?\s+dates?|DOS|fechas?\s+(?:de|del)\s+servicios?)\b/giu,
  },
  {
    role: 'dates.date_of_service',
    weight: 0.9,
    words:
      /\b(?:performed|provided|rendered|furnished|received|admitted|admission|visit|seen|treated|dispensed|filled|discharged|stay|prestado|realizad[oa]|recibid[oa]s?)(?:\s+\w+){0,3}?\s+(?:on|from|of|el|del|between)\s*$/giu,
  },
  {
    role: 'dates.received',
    weight: 0.95,
    words:
      /\b(?:(?:claim|request|appeal|we)\s+(?:was\s+)?received(?:\s+(?:your|the|this)\s+\w+)?|date\s+received|received\s+date|receipt\s+date|recibimos)\b/giu,
  },
  {
    role: 'dates.date_of_denial',
    weight: 0.97,
    words:
      /\b(?:date\s+of\s+(?:(?:this|the)\s+)?(?:notice|letter|denial|determination|decision)|(?:notice|letter|denial|determination|decision|mail(?:ing|ed)?)\s+date|date\s+mailed|mailed\s+on|fecha\s+(?:de\s+(?:la\s+|esta\s+)?(?:carta|notificaci[óo]n|denegaci[óo]n|decisi[óo]n)|del?\s+aviso))\b/giu,
  },
  {
    role: 'dates.date_of_denial',
    weight: 0.9,
    words: /\b(?:(?:notice|letter|denial|determination)\s+dated|(?:was|were|been)\s+denied\s+on|denied\s+on)\b/giu,
  },
  { role: 'dates.date_of_denial', weight: 0.9, words: /(?:^|\s{2,}|\n\s*)(?:date|fecha)\s*:\s*$/giu },
  {
    role: 'deadline',
    weight: 0.97,
    words:
      /\b(?:no\s+later\s+than|not\s+later\s+than|on\s+or\s+before|by(?:\s+the)?(?:\s+close\s+of\s+business(?:\s+on)?)?|before|until|deadline(?:\s+(?:is|to\s+\w+))?|due(?:\s+(?:by|on|date))?|postmarked\s+by|last\s+day(?:\s+to\s+\w+)?|a\s+m[áa]s\s+tardar(?:\s+el)?|antes\s+del?|hasta(?:\s+el)?|fecha\s+l[íi]mite)\b/giu,
  },
]

const DEADLINES: readonly { field: Field; words: RegExp }[] = [
  {
    field: 'dates.external_review_deadline',
    words: /\b(?:external\s+review|independent\s+review|IRO|revisi[óo]n\s+externa)\b/iu,
  },
  {
    field: 'dates.corrected_claim_deadline',
    words:
      /\b(?:corrected\s+claims?|re-?submit|resubmission|timely\s+filing|reclamaci[óo]n\s+corregida|reenv[íi]\w+)\b/iu,
  },
  {
    field: 'dates.appeal_deadline',
    words: /\b(?:appeals?|reconsideration|redetermination|grievance|apelaci[óo]n|apelar|apele|reconsideraci[óo]n)\b/iu,
  },
]

const REACH = 60

/** The dates of a letter with their roles. */
export function findDateRoles(text: string, options: { dayFirst?: boolean } = {}): Found[] {
  const dates = findDates(text, options)
  const head = headEnd(text)
  return dates.flatMap((date): Found[] => {
    const role = roleOf(text, date)
    if (role) return role.field === null ? [] : foundAs(date, role.field, text, role.signs)
    if (date.start < head && standsAlone(text, date))
      return foundAs(date, 'dates.date_of_denial', text, { head_of_letter: 0.93 })
    return []
  })
}

type Role = { field: Field | null; signs: Record<string, number> }

function roleOf(text: string, date: FoundDate): Role | undefined {
  const leading = beforeInSentence(text, date.start)
  let best: { role: Field | 'deadline' | null; weight: number; distance: number } | undefined
  for (const { role, words, weight } of ROLES) {
    for (const match of leading.matchAll(words)) {
      const distance = leading.length - (match.index + match[0].length)
      if (distance <= REACH && (best === undefined || distance < best.distance)) best = { role, weight, distance }
    }
  }
  if (!best) return undefined
  const signs = { words: best.weight, distance: 1 - best.distance / 300 }
  if (best.role !== 'deadline') return { field: best.role, signs }
  const { sentence } = sentenceAround(text, date.start)
  const kind = DEADLINES.find(({ words }) => words.test(sentence)) ?? DEADLINES.find(({ words }) => words.test(leading))
  return { field: kind?.field ?? null, signs: { ...signs, purpose: kind ? 1 : 0 } }
}

function foundAs(date: FoundDate, field: Field, text: string, signs: Record<string, number>): Found[] {
  const place = {
    value: text.slice(date.start, date.end),
    start: date.start,
    end: date.end,
    method: 'rule' as const,
    signs,
  }
  const first: Found = { field, normalised: date.date, ...place }
  if (field !== 'dates.date_of_service' || date.until === null) return [first]
  return [first, { ...place, field: 'dates.date_of_service_end', normalised: date.until }]
}

/** Whether nothing else stands on the line but a label or a place: `Springfield, March 3, 2026`. */
function standsAlone(text: string, date: FoundDate): boolean {
  const from = text.lastIndexOf('\n', date.start) + 1
  const until = text.indexOf('\n', date.end)
  const around = text.slice(from, date.start) + text.slice(date.end, until < 0 ? undefined : until)
  return /^[\s]*(?:(?:date|fecha|notice date)\s*:|[A-ZÁÉÍÓÚ][\w .]{2,30},)?[\s.]*$/iu.test(around)
}

/** Where the letter begins to speak: its salutation, or a third of it. */
function headEnd(text: string): number {
  const salutation = /\n\s*(?:dear|estimad[oa]|to\s+whom|a\s+quien)\b/iu.exec(text)
  return salutation ? salutation.index : Math.ceil(text.length / 3)
}

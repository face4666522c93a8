import type { Field } from './fact.ts'
import type { Found } from './found.ts'

const NAME = String.raw`[A-ZÁÉÍÓÚÑ][\p{L}'’.-]*(?:[ ](?:de|del|la|van|von|der|[A-ZÁÉÍÓÚÑ][\p{L}'’.-]*)){0,4}`
const ORGANISATION = String.raw`[A-ZÁÉÍÓÚÑ][\p{L}\d'’.&-]*(?:[ ](?:of|and|for|the|de|del|la|y|&|[A-ZÁÉÍÓÚÑ][\p{L}\d'’.&-]*)){0,7}`

/** Organisations that pay, whose names have none of the words below. Spelling as they write themselves. */
const PAYERS: readonly { name: string; pattern: RegExp }[] = [
  {
    name: 'Blue Cross Blue Shield',
    pattern:
      /\b(?:blue\s+cross(?:\s+(?:and\s+)?blue\s+shield)?|BCBS(?:\s?[A-Z]{2})?|blue\s+shield)(?:\s+of\s+(?:[A-Z][\w]+)(?:\s+[A-Z][\w]+)?)?/giu,
  },
  { name: 'UnitedHealthcare', pattern: /\bunited\s?health\s?care\b|\bUHC\b/giu },
  { name: 'Aetna', pattern: /\baetna\b/giu },
  { name: 'Cigna', pattern: /\bcigna(?:\s+healthcare)?\b/giu },
  { name: 'Humana', pattern: /\bhumana\b/giu },
  { name: 'Kaiser Permanente', pattern: /\bkaiser(?:\s+(?:permanente|foundation\s+health\s+plan))?\b/giu },
  { name: 'Anthem', pattern: /\banthem(?:\s+blue\s+cross)?\b/giu },
  { name: 'Molina Healthcare', pattern: /\bmolina(?:\s+healthcare)?\b/giu },
  { name: 'Centene', pattern: /\bcentene\b|\bambetter\b/giu },
]
const PAYER_WORDS =
  /\b(?:insurance|health\s*plan|healthcare|health\s+care|assurance|mutual|life|benefits?\s+administrators?|medicaid|medicare|HMO|PPO|seguros?|plan\s+de\s+salud)\b/iu
/** The payer is not whom such a line is about. */
const NOT_THE_PAYER =
  /\b(?:trademark|licensee|administered\s+by|formerly|other\s+(?:insurance|coverage)|primary\s+(?:insurance|payer)|secondary|affiliate|subsidiary|underwritten|copyright|©|®)/iu

type Rule = { field: Field; pattern: RegExp; weight: number }

const title = String.raw`(?:Dr\.?|Dra\.?|Doctor|Doctora)\s{1,2}`
const RULES: readonly Rule[] = [
  {
    field: 'patient.name',
    weight: 0.97,
    pattern: new RegExp(
      String.raw`(?:^|\n|\s{2,})[ \t]*(?:patient|member|insured|subscriber|paciente|miembro|afiliado)(?:\s+name|'s\s+name|\s*\(s\))?[ ]{0,3}:[ ]{0,4}(${NAME})`,
      'gu',
    ),
  },
  {
    field: 'patient.name',
    weight: 0.97,
    pattern: new RegExp(
      String.raw`(?:^|\n|\s{2,})[ \t]*(?:Patient|Member|Insured|Subscriber|Paciente|Miembro|Afiliado)(?:\s+[Nn]ame|'s\s+[Nn]ame)?[ ]{0,3}:[ ]{0,4}(${NAME})`,
      'gu',
    ),
  },
  {
    field: 'patient.name',
    weight: 0.92,
    pattern: new RegExp(
      String.raw`\n\s*(?:Dear|Estimad[oa](?:\(a\))?)[ ]{1,2}(?:Mr\.?|Mrs\.?|Ms\.?|Sra?\.?)?[ ]{0,2}(${NAME})\s*[:,]`,
      'gu',
    ),
  },
  {
    field: 'service.provider_name',
    weight: 0.96,
    pattern: new RegExp(
      String.raw`(?:(?:rendering|treating|ordering|prescribing|referring|attending)\s+)?(?:provider|physician|doctor|prescriber|proveedor|m[ée]dico)(?:\s+name)?[ ]{0,2}:[ ]{0,4}((?:${title})?${NAME})`,
      'giu',
    ),
  },
  {
    field: 'service.provider_name',
    weight: 0.9,
    pattern: new RegExp(String.raw`\b(?:by|from|with|por)\s{1,3}(${title}${NAME})`, 'gu'),
  },
  { field: 'service.provider_name', weight: 0.8, pattern: new RegExp(String.raw`\b(${title}${NAME})`, 'gu') },
  {
    field: 'service.facility_name',
    weight: 0.96,
    pattern: new RegExp(
      String.raw`(?:facility|hospital|place\s+of\s+service|location|centro|instalaci[óo]n)(?:\s+name)?[ ]{0,2}:[ ]{0,4}(${ORGANISATION})`,
      'giu',
    ),
  },
  {
    field: 'service.facility_name',
    weight: 0.88,
    pattern: new RegExp(
      String.raw`\b(?:at|from|en)\s{1,3}((?:${ORGANISATION})\s(?:Hospital|Medical\s+Center|Medical\s+Centre|Clinic|Center|Associates|Surgery\s+Center|Health\s+System|Imaging|Group|Cl[íi]nica))`,
      'gu',
    ),
  },
  {
    field: 'payer.plan_name',
    weight: 0.95,
    pattern: new RegExp(String.raw`(?:plan|coverage|product)\s+name[ ]{0,2}:[ ]{0,4}(${ORGANISATION})`, 'giu'),
  },
  {
    field: 'payer.plan_name',
    weight: 0.9,
    pattern: new RegExp(String.raw`(?:^|\n)[ \t]*(?:Plan|Health [Pp]lan)[ ]{0,2}:[ ]{0,4}(${ORGANISATION})`, 'gu'),
  },
  {
    field: 'service.description',
    weight: 0.95,
    pattern:
      /(?:^|\n|\s{2,})[ \t]*(?:service|procedure|treatment|item|drug|medication|description|service\s+description|servicio|procedimiento|medicamento)(?:\s+(?:requested|denied|description|provided))?[ ]{0,2}:[ ]{0,4}([^\n$]{4,120})/giu,
  },
  {
    field: 'service.description',
    weight: 0.88,
    pattern:
      /\b(?:claim|request|coverage|authorization|reclamaci[óo]n|solicitud)\s{1,3}(?:for|of|por|de|para)\s{1,3}((?:an?\s|the\s|el\s|la\s)?(?!services?\s+(?:received|provided)|payment|benefits|reimbursement|an?\s+appeal)[\p{L}\d][^.;\n$]{3,100}?(?:\n[^.;\n$:]{3,80}?)?)(?=\s*[.;(]|\s+(?:performed|provided|rendered|received|prescribed|on|by|at|from|dated|submitted|has|was|is|under|prestado|realizad[oa])\b)/giu,
  },
]

/** Who is in a letter: payer, patient, provider, facility, and what was done. */
export function findParties(text: string): Found[] {
  const found: Found[] = [...payersOf(text)]
  for (const { field, pattern, weight } of RULES) {
    for (const match of text.matchAll(pattern)) {
      const value = trimmed(match[1] ?? '')
      if (value.length < 3) continue
      const start = match.index + match[0].indexOf(match[1] ?? '')
      found.push({
        field,
        value,
        normalised: value.replace(/\s+/g, ' '),
        start,
        end: start + value.length,
        method: 'rule',
        signs: { words: weight },
      })
    }
  }
  return found
}

const trimmed = (value: string) => value.replace(/[\s,.;:-]+$/u, '').replace(/\b(?:Dr|Inc|Jr|Sr)$/u, '$&.')

function payersOf(text: string): Found[] {
  const head = text.slice(0, headLength(text))
  const found: Found[] = []
  const put = (start: number, value: string, signs: Record<string, number>) => {
    const normalised = canonical(value)
    found.push({ field: 'payer.name', value, normalised, start, end: start + value.length, method: 'rule', signs })
  }
  let at = 0
  for (const line of head.split('\n').slice(0, 6)) {
    const name = line.trim()
    const isName = name.length > 2 && name.length < 80 && !/\d/.test(name) && !NOT_THE_PAYER.test(name)
    if (isName && (PAYER_WORDS.test(name) || isKnown(name))) put(at + line.indexOf(name), name, { letterhead: 0.98 })
    at += line.length + 1
  }
  for (const match of text.matchAll(
    /(?:^|\n)[ \t]*(?:payer|insurer|insurance(?:\s+company)?|health\s+plan|plan|carrier|aseguradora)[ ]{0,2}:[ ]{0,4}([^\n]{3,80})/giu,
  )) {
    const value = trimmed(match[1] ?? '')
    if (PAYER_WORDS.test(value) || isKnown(value))
      put(match.index + match[0].indexOf(match[1] ?? ''), value, { label: 0.94 })
  }
  for (const { pattern } of PAYERS) {
    for (const match of text.matchAll(pattern)) {
      const from = text.lastIndexOf('\n', match.index) + 1
      const end = text.indexOf('\n', match.index)
      const line = text.slice(from, end < 0 ? undefined : end)
      if (NOT_THE_PAYER.test(line)) continue
      put(match.index, match[0], { mentioned: isSignature(text, match.index) ? 0.8 : 0.6 })
    }
  }
  return found
}

const isKnown = (name: string) => PAYERS.some(({ pattern }) => new RegExp(pattern.source, 'iu').test(name))

/** As payers are compared: spelling, case and what a plan calls its legal form do not count. */
export function canonical(name: string): string {
  const plain = name
    .replace(/\s+/g, ' ')
    .replace(/[,.]/g, '')
    .replace(/\b(?:inc|llc|corp|corporation|company|co)\b/gi, '')
    .trim()
  const known = PAYERS.find(({ pattern }) => new RegExp(pattern.source, 'iu').test(plain))
  if (!known) return plain.toLowerCase()
  const state = /blue/i.test(known.name) ? /\bof\s+([a-z]+(?:\s+[a-z]+)?)/i.exec(plain)?.[1] : undefined
  return (state ? `${known.name} of ${state}` : known.name).toLowerCase()
}

const headLength = (text: string) => {
  const salutation = /\n\s*(?:dear|estimad[oa])\b/iu.exec(text)
  return Math.min(salutation?.index ?? 800, 800)
}

const isSignature = (text: string, at: number) =>
  /\b(?:sincerely|regards|respectfully|atentamente)\b[\s\S]{0,200}$/iu.test(text.slice(Math.max(0, at - 220), at))

const PLAN_TYPES: readonly { type: string; pattern: RegExp }[] = [
  { type: 'Medicare Advantage', pattern: /\bmedicare\s+advantage\b|\bpart\s+c\s+(?:plan|of\s+medicare)\b/iu },
  { type: 'Medicaid', pattern: /\bmedicaid\b|\bmedi-cal\b|\bstate\s+fair\s+hearing\b/iu },
  {
    type: 'Medicare',
    pattern:
      /\boriginal\s+medicare\b|\bmedicare\s+(?:summary\s+notice|administrative\s+contractor)\b|\bredetermination\b/iu,
  },
  {
    type: 'ERISA',
    pattern:
      /\bERISA\b|\bemployee\s+retirement\s+income\s+security\b|\bself-?\s?(?:funded|insured)\b|\bsection\s+502\(a\)/iu,
  },
  {
    type: 'Marketplace',
    pattern:
      /\b(?:marketplace|exchange)\s+(?:plan|coverage)\b|\bqualified\s+health\s+plan\b|\baffordable\s+care\s+act\b/iu,
  },
]
const NETWORK_TYPES = /\b(HMO|PPO|EPO|POS|HDHP)\b(?:\s+plan)?/u

/** Which law the plan is under, by what the letter says of itself; `HMO` and the like where it says only that. */
export function findPlanType(text: string): Found[] {
  const found = PLAN_TYPES.flatMap(({ type, pattern }): Found[] => {
    const match = pattern.exec(text)
    return match ? [planType(match, type, 0.92)] : []
  })
  const network = NETWORK_TYPES.exec(text)
  return network ? [...found, planType(network, network[1] ?? '', 0.8)] : found
}

const planType = (match: RegExpExecArray, type: string, weight: number): Found => ({
  ...{ field: 'payer.plan_type', value: match[0], normalised: type, method: 'rule' },
  ...{ start: match.index, end: match.index + match[0].length, signs: { words: weight } },
})

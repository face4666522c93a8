import type { Field } from './fact.ts'
import { isNpi } from './find-codes.ts'
import type { Found } from './found.ts'

const NUMBER = String.raw`(?:\s{0,2}(?:numbers?|num\.?|no\.?|nbr\.?|#|id|n[úu]mero))?`
const TO_VALUE = String.raw`\s{0,2}(?:[:#]|\bis\b|\bes\b)?\s{0,4}`
/** Capitals and digits, never prose: `entification` is not an id. */
const VALUE = '([A-Z0-9][A-Z0-9]*(?:[-/ ]?[A-Z0-9]+){0,5})'

/** `strict`: the label means something else as well, so a colon, a `#` or the word number has to follow. */
const IDENTIFIERS: readonly { field: Field; label: string; strict?: true; digits: number; longest: number }[] = [
  {
    field: 'payer.member_id',
    label: String.raw`(?:member|subscriber|insured(?:'s)?|enrollee|policy\s?holder|beneficiary|medicare|medicaid|identificaci[óo]n\s+(?:del\s+)?(?:miembro|afiliado)|(?:miembro|afiliado))\s{0,2}(?:id(?:entification)?|number|no\.|#|n[úu]mero)|\bid\s+(?:del\s+)?(?:miembro|afiliado|number|no\.)`,
    digits: 3,
    longest: 20,
  },
  { field: 'payer.group_number', label: 'group|grupo', strict: true, digits: 2, longest: 15 },
  {
    field: 'payer.claim_number',
    label: 'claim|reclamaci[óo]n|reclamo|ICN|DCN',
    strict: true,
    digits: 3,
    longest: 25,
  },
  {
    field: 'prior_authorization.auth_number',
    label: String.raw`(?:prior\s+)?auth(?:orization)?|referral|autorizaci[óo]n`,
    strict: true,
    digits: 3,
    longest: 20,
  },
]

const PATTERNS = IDENTIFIERS.map((each) => {
  const label = String.raw`(?<![\w])(?:n[úu]mero\s+de\s+)?(?:${each.label})`
  const link = each.strict
    ? String.raw`(?:${NUMBER}\s{0,2}[:#]\s{0,4}|\s{0,2}(?:numbers?|no\.?|#|id|n[úu]mero)\s{0,2}(?:is\s|es\s)?\s{0,4})`
    : `${NUMBER}${TO_VALUE}`
  // The label in any case, the value in capitals: two patterns, of which the second begins where the first ends.
  return { ...each, label: new RegExp(label + link, 'giu') }
})
const AT_VALUE = new RegExp(VALUE, 'y')

export function findIdentifiers(text: string): Found[] {
  const found: Found[] = []
  for (const { field, label, digits, longest } of PATTERNS) {
    for (const match of text.matchAll(label)) {
      AT_VALUE.lastIndex = match.index + match[0].length
      const value = AT_VALUE.exec(text)?.[1]
      if (value === undefined) continue
      const start = match.index + match[0].length
      const cut = fitting(value, longest)
      const normalised = cut.replace(/[\s-]/g, '')
      if (normalised.replace(/\D/g, '').length < digits || normalised.length < 4) continue
      // An id never ends within a word.
      if (/[\w]/.test(text[start + cut.length] ?? '')) continue
      found.push({
        ...{ field, value: cut, normalised, start, end: start + cut.length, method: 'rule' },
        signs: { label: 0.98, colon: /[:#]\s*$/.test(match[0]) ? 1 : 0.9 },
      })
    }
  }
  for (const match of text.matchAll(/\bNPI\b[^\d\n]{0,25}(\d{10})(?!\d)/gi)) {
    const digits = match[1] ?? ''
    const start = match.index + match[0].length - digits.length
    if (!isNpi(digits)) continue
    const place = { start, end: start + digits.length }
    found.push({
      field: 'service.provider_npi',
      value: digits,
      normalised: digits,
      ...place,
      method: 'rule',
      signs: { label: 0.99 },
    })
  }
  return found
}

/** Up to the blank behind which the next word is no part of an id any more. */
function fitting(value: string, longest: number): string {
  const parts = value.split(' ')
  let fits = parts[0] ?? ''
  for (const part of parts.slice(1)) {
    if (!/\d/.test(part) || fits.length + 1 + part.length > longest) break
    fits += ` ${part}`
  }
  return fits
}

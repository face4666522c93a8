import type { Found } from './found.ts'

const PHONE = /(?<![\d-])(?:\+?1[\s.-]?)?\(?(\d{3})\)?[\s.-]?(\d{3})[\s.-](\d{4})(?!\d|-\d)/g
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}/g
const WEBSITE = /\b(?:https?:\/\/|www\.)[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?:\/[\w./?=&%-]{0,120})?/gi
const ADDRESS =
  /((?:P\.?\s?O\.?\s?Box[ ]+\d+|(?<![\d-])\d{1,6}[ ]+[A-Z][^\n,]{2,50})[,\n]\s*(?:[^\n,]{2,40}[,\n]\s*)?[A-Z][A-Za-z. ]{2,30},?\s+[A-Z]{2}\s+\d{5}(?:-\d{4})?)/g

/** Where the appeal goes: numbers and addresses that the letter names near the word count more than those of its head. */
export function findContacts(text: string): Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(PHONE)) {
    const line = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index)
    const isFax = /\bfax\b[^\d\n]{0,25}$/i.test(line)
    const normalised = `${match[1]}-${match[2]}-${match[3]}`
    const labelled = isFax || /(?:phone|tel(?:ephone)?|call|tel[ée]fono|llame)\b[^\d\n]{0,40}\(?$/i.test(line) ? 1 : 0.9
    const signs = { label: labelled, purpose: purposeAt(text, match.index) }
    found.push(foundAt(isFax ? 'contact_info.fax' : 'contact_info.phone', match.index, match[0], normalised, signs))
  }
  for (const match of text.matchAll(ADDRESS)) {
    const name = addresseeBefore(text, match.index)
    const value = `${name}${match[0]}`
    const signs = { purpose: purposeAt(text, match.index) }
    found.push(
      foundAt(
        'contact_info.address',
        match.index - name.length,
        value,
        value.replace(/\s*\n\s*/g, ', ').replace(/\s+/g, ' '),
        signs,
      ),
    )
  }
  for (const match of text.matchAll(EMAIL)) {
    found.push(
      foundAt('contact_info.email', match.index, match[0], match[0].toLowerCase(), {
        purpose: purposeAt(text, match.index),
      }),
    )
  }
  for (const match of text.matchAll(WEBSITE)) {
    found.push(foundAt('contact_info.website', match.index, match[0], match[0].toLowerCase(), { purpose: 0.9 }))
  }
  return found
}

const foundAt = (
  field: Found['field'],
  start: number,
  value: string,
  normalised: string,
  signs: Record<string, number>,
): Found => ({
  ...{ field, value, normalised, start, end: start + value.length, method: 'rule', signs },
})

/** `Mail: Appeals Department, ` before an address is part of it. */
function addresseeBefore(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  return /(?:^|:\s*)([A-Z][\w&.' -]{3,60},\s*)$/.exec(line)?.[1] ?? ''
}

/** How much what stands around a place speaks of appeals: on its line, or in what is said shortly before. */
function purposeAt(text: string, at: number): number {
  const line = text.slice(text.lastIndexOf('\n', at) + 1, at)
  if (APPEAL.test(line)) return 0.97
  const near = text.slice(Math.max(0, at - 350), at)
  if (
    /\b(?:questions|member\s+services|customer\s+service|preguntas|servicio\s+al\s+(?:cliente|miembro))\b/i.test(line)
  )
    return 0.75
  if (APPEAL.test(near)) return 0.93
  return at < text.length / 4 ? 0.4 : 0.6
}

const APPEAL = /\b(?:appeals?|grievances?|reconsideration|redetermination|apelaci[óo]n(?:es)?|quejas)\b/i

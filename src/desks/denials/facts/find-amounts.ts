import type { Field } from './fact.ts'
import type { Found } from './found.ts'

const LABELS: readonly { field: Field; label: string }[] = [
  {
    field: 'amounts.patient_responsibility',
    label: String.raw`(?:patient|member|your|total\s+member)(?:'s)?\s+(?:total\s+)?(?:responsibility|portion|balance|share|cost)|(?:amount\s+)?you\s+(?:may\s+|will\s+)?owe|what\s+you\s+owe|responsabilidad\s+del\s+(?:paciente|miembro)|su\s+responsabilidad|usted\s+debe`,
  },
  {
    field: 'amounts.allowed',
    label: String.raw`(?:amount\s+allowed|(?:plan\s+)?allowed(?:\s+(?:amount|charges?))?|eligible\s+(?:amount|charges?|expenses?)|(?:monto|importe|cantidad)\s+(?:permitid[oa]|autorizad[oa]))`,
  },
  {
    field: 'amounts.paid',
    label: String.raw`(?:amount\s+(?:we\s+)?paid|(?:plan|we|insurance)\s+paid|paid\s+(?:amount|by\s+(?:plan|us))|(?:total\s+)?payment(?:\s+amount)?|paid|(?:monto|importe)\s+pagado|pagado)`,
  },
  {
    field: 'amounts.billed',
    label: String.raw`(?:(?:total\s+)?(?:amount\s+)?billed(?:\s+(?:amount|charges?))?|(?:total\s+)?charges?(?:\s+billed)?|amount\s+charged|charged\s+amount|provider\s+charge|(?:monto|importe|cantidad)\s+facturad[oa]|facturado|cargos?\s+totales|cargo)`,
  },
  { field: 'amounts.deductible', label: String.raw`deductible(?:\s+applied)?|deducible` },
  { field: 'amounts.coinsurance', label: 'co-?insurance|coseguro' },
  { field: 'amounts.copay', label: 'co-?pay(?:ment)?|copago' },
]

const MONEY = String.raw`\$\s{0,2}(\d{1,3}(?:,\d{3})+(?:\.\d{2})?|\d+(?:\.\d{2})?)(?!\d|[.,]\d)`
const BY_LABEL = LABELS.map(({ field, label }) => ({
  field,
  pattern: new RegExp(
    String.raw`(?<![\w])(?:${label})(?![\w])\s{0,3}(?:[:=]|\.{2,40}|\b(?:is|was|were|of|por|es)\b)?\s{0,12}${MONEY}`,
    'giu',
  ),
}))
const ANY_LABEL = new RegExp(
  String.raw`(?<![\w])(?:${LABELS.map(({ label }, index) => `(?<f${index}>${label})`).join('|')})(?![\w])`,
  'giu',
)
const ANY_MONEY = new RegExp(MONEY, 'g')

/** Amounts behind their labels, in running text, lists and tables. A table's total row counts, or its only row. */
export function findAmounts(text: string): Found[] {
  const found: Found[] = []
  for (const { field, pattern } of BY_LABEL) {
    for (const match of text.matchAll(pattern)) {
      const amount = match[1] ?? ''
      const end = match.index + match[0].length
      found.push(amountOf(field, amount, end, { label: 0.97, colon: /[:=]/.test(match[0]) ? 1 : 0.97 }))
    }
  }
  return [...found, ...amountsOfTables(text)]
}

const amountOf = (
  field: Field,
  amount: string,
  end: number,
  signs: Record<string, number>,
  method: 'rule' | 'table' = 'rule',
): Found => ({
  ...{ field, value: `$${amount}`, normalised: Number(amount.replaceAll(',', '')).toFixed(2) },
  ...{ start: end - amount.length, end, method, signs },
})

/** A line of two labels or more without an amount is the head of a table; amounts below belong to its columns in their order. */
function amountsOfTables(text: string): Found[] {
  const found: Found[] = []
  let head: Field[] | undefined
  let rows: { total: boolean; amounts: RegExpExecArray[]; at: number }[] = []
  const close = () => {
    const row = rows.find(({ total }) => total) ?? (rows.length === 1 ? rows[0] : undefined)
    for (const [index, field] of (head ?? []).entries()) {
      const match = row?.amounts[index]
      if (row && match)
        found.push(amountOf(field, match[1] ?? '', row.at + match.index + match[0].length, { column: 0.95 }, 'table'))
    }
    head = undefined
    rows = []
  }
  let at = 0
  for (const line of text.split('\n')) {
    const amounts = [...line.matchAll(ANY_MONEY)]
    const labels = amounts.length === 0 ? [...line.matchAll(ANY_LABEL)].map(fieldOf) : []
    if (labels.length >= 2 && new Set(labels).size === labels.length) {
      close()
      head = labels
    } else if (head && amounts.length === head.length) rows.push({ total: /\btotals?\b/i.test(line), amounts, at })
    else if (head && line.trim() === '' && rows.length > 0) close()
    at += line.length + 1
  }
  close()
  return found
}

function fieldOf(match: RegExpExecArray): Field {
  const index = LABELS.findIndex((_, each) => match.groups?.[`f${each}`] !== undefined)
  return (LABELS[index] as (typeof LABELS)[number]).field
}

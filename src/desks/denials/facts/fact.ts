/** Where a fact was found: characters `[start, end)` of the text of a document, and what stands there. */
export type Evidence = {
  /** Null where a person says so: then there is no place, and the quote is what they say. */
  documentId: string | null
  page: number
  start: number
  end: number
  quote: string
}

export const METHODS = ['rule', 'table', '835', 'model', 'person'] as const
export type Method = (typeof METHODS)[number]

/** Fields of a case of which there is one value. */
export const FIELDS = [
  ...[
    'payer.name',
    'payer.plan_name',
    'payer.plan_type',
    'payer.member_id',
    'payer.group_number',
    'payer.claim_number',
  ],
  ...['patient.name', 'service.description', 'service.provider_name', 'service.provider_npi', 'service.facility_name'],
  ...['dates.date_of_service', 'dates.date_of_service_end', 'dates.date_of_denial', 'dates.received'],
  ...['dates.appeal_deadline', 'dates.corrected_claim_deadline', 'dates.external_review_deadline'],
  ...['amounts.billed', 'amounts.allowed', 'amounts.paid', 'amounts.patient_responsibility'],
  ...['amounts.deductible', 'amounts.coinsurance', 'amounts.copay'],
  ...['contact_info.phone', 'contact_info.fax', 'contact_info.address', 'contact_info.website', 'contact_info.email'],
  ...['prior_authorization.auth_number', 'denial_reason'],
] as const
export type Field = (typeof FIELDS)[number]

/** A value with its evidence. `confidence` is the product of `signs`, each 0 to 1 and named after what it looks at. */
export type Fact = {
  field: Field
  /** As it stands in the document. */
  value: string
  /** ISO date, decimal amount with two places, digits of an identifier: what two documents are compared by. */
  normalised: string
  evidence: Evidence
  method: Method
  confidence: number
  signs: Readonly<Record<string, number>>
}

/** What lost against another value of its field, and why. */
export type Candidate = Fact & { lostBecause: string }

export const CODE_TYPES = [
  'CPT',
  'HCPCS',
  'ICD-10-CM',
  'ICD-10-PCS',
  'CARC',
  'RARC',
  'revenue',
  'modifier',
  'internal',
] as const
export type CodeType = (typeof CODE_TYPES)[number]

export type Code = {
  type: CodeType
  /** As its owner writes it: `M05.79`, `197`, `J0135`. */
  code: string
  /** Of a CARC: who the amount falls to (CO, PR, OA, PI, CR). */
  group: string | null
  evidence: Evidence
  confidence: number
}

export const WINDOW_KINDS = [
  'appeal',
  'corrected_claim',
  'timely_filing',
  'external_review',
  'information',
  'decision',
] as const
export type WindowKind = (typeof WINDOW_KINDS)[number]

/** A time that a document gives: so much from an event. */
export type Window = {
  kind: WindowKind
  count: number
  unit: 'hours' | 'days' | 'business_days' | 'months' | 'years'
  /** What it counts from; null when the document does not say. */
  from: 'notice' | 'receipt' | 'service' | 'decision' | null
  evidence: Evidence
  confidence: number
}

export type Facts = {
  facts: readonly Fact[]
  candidates: readonly Candidate[]
  codes: readonly Code[]
  windows: readonly Window[]
}

export const factOf = ({ facts }: Facts, field: Field): Fact | undefined => facts.find((fact) => fact.field === field)

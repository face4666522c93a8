import { z } from 'zod'

/**
 * `review`: it was read, and a person looks at it; `needs_better_scan`: its letter has no text that can be read; `ready`: its pack is
 * approved. From `submitted` on the insurer is asked: it decides, or another reviewer does.
 */
export const CASE_STATUSES = [
  'new',
  'review',
  'needs_better_scan',
  'ready',
  'submitted',
  'decided',
  'external_review',
  'closed',
] as const
export type CaseStatus = (typeof CASE_STATUSES)[number]

/** What a person may make of a case. What a run or an approval makes of it is not in here. */
const BY_HAND: Readonly<Record<CaseStatus, readonly CaseStatus[]>> = {
  new: ['closed'],
  review: ['closed'],
  needs_better_scan: ['closed'],
  ready: ['submitted', 'closed'],
  submitted: ['decided', 'closed'],
  decided: ['external_review', 'closed'],
  external_review: ['decided', 'closed'],
  closed: ['review'],
}

export const mayBecome = (from: CaseStatus, to: CaseStatus): boolean => from === to || BY_HAND[from].includes(to)

/** A run changes nothing about a case that is on its way to the insurer. */
export const mayRun = (status: CaseStatus): boolean =>
  status === 'new' || status === 'review' || status === 'needs_better_scan' || status === 'ready'

export const OUTCOMES = ['upheld', 'overturned', 'partly'] as const
export const MODES = ['fast', 'verified'] as const
export const DOCUMENT_TYPES = ['denial_letter', 'eob', 'sbc', 'eoc', 'medical_record', 'correspondence'] as const
export type DocumentType = (typeof DOCUMENT_TYPES)[number]

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters')

/** Deadlines are counted from it: no year beyond what can be stored. */
export const CaseDate = z.iso
  .date()
  .refine((date) => date >= '1900-01-01' && date < '2200-01-01', 'must lie between 1900 and 2199')

/** What the person who opens a case knows about it; each is a fact of its own, above what a letter says. */
export const UserContext = z.strictObject({
  payer_name: line(200).optional(),
  plan_name: line(200).optional(),
  plan_law: z.enum(['ERISA', 'Marketplace', 'Medicare Advantage', 'Medicare', 'Medicaid', 'commercial']).optional(),
  state: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional()
    .meta({ description: 'The state of residence, two capital letters' }),
  service_name: line(200).optional(),
  date_of_service: CaseDate.optional(),
  received_on: CaseDate.optional().meta({ description: 'When the letter came' }),
  provider_name: line(200).optional(),
  urgency: z.enum(['standard', 'expedited']).optional(),
})
export type UserContext = z.infer<typeof UserContext>

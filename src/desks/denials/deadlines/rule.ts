import type { Window } from '../facts/index.ts'

/** What a deadline is for. */
export const DEADLINE_KINDS = [
  ...['appeal', 'second_appeal', 'external_review', 'corrected_claim', 'timely_filing', 'information', 'decision'],
] as const
export type DeadlineKind =
  | 'appeal'
  | 'second_appeal'
  | 'external_review'
  | 'corrected_claim'
  | 'timely_filing'
  | 'information'
  | 'decision'

/** Under which law a plan is. `commercial`: insured, but by whose law is not known. */
export const PLAN_LAWS = ['ERISA', 'Marketplace', 'Medicare Advantage', 'Medicare', 'Medicaid', 'commercial'] as const
export type PlanLaw = (typeof PLAN_LAWS)[number]

/** A time limit that the law sets, as of a date. What is written here is looked up in `citation`, last on `verified`. */
export type DeadlineRule = {
  id: string
  version: number
  kind: DeadlineKind
  laws: readonly PlanLaw[]
  /** Of a decision: whether it holds for a claim that is urgent, for care to come, or for care that was had. */
  when?: 'urgent' | 'pre_service' | 'post_service'
  count: number
  unit: Window['unit']
  from: 'notice' | 'receipt' | 'service' | 'decision' | 'submission'
  /** Days after which a notice counts as received where nobody knows when it was. */
  receiptPresumedDays?: number
  /** Whether the law itself moves a last day that is a Saturday, Sunday or federal holiday. */
  rollsOver: boolean
  citation: string
  /** Notices of these dates, both included; null is open. */
  effectiveFrom: string | null
  effectiveTo: string | null
  verified: string
}

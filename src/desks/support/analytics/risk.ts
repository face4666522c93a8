import type { CustomerAtRisk } from './store.ts'

export const RISK_REASONS = [
  'high_urgency',
  'repeatedly_negative',

  'waiting_long',
  'rising',
] as const
export type RiskReason = (typeof RISK_REASONS)[number]

/** Fewer tickets in 30 days are no trend. */
const RISING_FROM = 3

/** The first two give points (the column `risk` of ticket_customer_counts); the others add to what is known of a customer. */
export function riskReasons(customer: CustomerAtRisk): RiskReason[] {
  const holds: Record<RiskReason, boolean> = {
    high_urgency: customer.unresolved_high > 0,
    repeatedly_negative: customer.unresolved_negative > 1,
    waiting_long: customer.waits_long,
    rising: customer.recent >= RISING_FROM && customer.recent > customer.earlier,
  }
  return RISK_REASONS.filter((reason) => holds[reason])
}

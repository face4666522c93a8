/**
 * The building blocks of one language. `{slots}` are filled in by the composer: {product} {plan} {order} {invoice}
 * {amount} {date} {days} {error} {version} {first_name} {company}. Subjects, openings, details and asks combine freely,
 * so every opening must make sense before every detail and every ask of its topic.
 */
export type Phrasebook = {
  language: string
  firstNames: string[]
  lastNames: string[]
  companies: string[]
  greetings: string[]
  chatGreetings: string[]
  closings: string[]
  signOffs: string[]
  mobileSignature: string
  quoteHeadings: string[]
  quotedReplies: string[]
  /** How amounts of money are written. */
  amount: (units: number, cents: number) => string
  dateLocale: string
  topics: Topic[]
}

export type TopicName =
  | 'double charge'
  | 'refund'
  | 'chargeback threat'
  | 'login'
  | 'privacy request'
  | 'legal threat'
  | 'defect'
  | 'outage'
  | 'late delivery'
  | 'feature request'
  | 'how to'
  | 'cancellation'
  | 'praise'
  | 'false alarm'

export type Topic = { name: TopicName; subjects: string[]; openings: string[]; details: string[]; asks: string[] }

/** How often a topic comes up, in parts of the sum. Serious ones are rare, as in a real queue. */
export const TOPIC_WEIGHTS: Record<TopicName, number> = {
  'double charge': 8,
  refund: 9,
  'chargeback threat': 2,
  login: 12,
  'privacy request': 3,
  'legal threat': 1.5,
  defect: 13,
  outage: 5,
  'late delivery': 10,
  'feature request': 9,
  'how to': 14,
  cancellation: 6,
  praise: 5,
  'false alarm': 2.5,
}

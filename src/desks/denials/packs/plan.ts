import type { Deadline } from '../deadlines/index.ts'
import { type Facts, type Field, factOf } from '../facts/index.ts'
import type { Route } from '../routing/index.ts'

export type Step = {
  step_number: number
  action: string
  description: string
  responsible_party: 'patient' | 'provider' | 'billing_staff' | 'clinician'
  /** ISO date, and which deadline it is taken from; null where none is known. */
  deadline: string | null
  deadline_source: string | null
}

export type Evidence = { item: string; priority: 'required' | 'recommended' | 'optional'; purpose: string }
export type Question = { field: string; question: string; importance: 'critical' | 'helpful' }

export type ActionPlan = {
  steps: Step[]
  evidence_checklist: Evidence[]
  missing_info_requests: Question[]
  /** What the plan takes for granted, and what it would mean if it were otherwise. */
  assumptions: string[]
}

type StepText = readonly [action: string, description: string, who: Step['responsible_party']]
type RoutePlan = { steps: readonly StepText[]; evidence: readonly Evidence[] }

const required = (item: string, purpose: string): Evidence => ({ item, purpose, priority: 'required' })
const recommended = (item: string, purpose: string): Evidence => ({ item, purpose, priority: 'recommended' })
const LETTER = required('The denial letter', 'Shows what was denied and why')

const APPEAL: RoutePlan = {
  steps: [
    [
      'Ask for the claim file',
      'Ask the insurer for the criteria it used and everything it relied on. It has to give them free of charge.',
      'patient',
    ],
    [
      'Get a letter of medical necessity',
      'Ask the treating clinician to answer the criterion that the letter names, point by point.',
      'clinician',
    ],
    ['Complete the appeal letter', 'Fill in what is marked, attach the exhibits, sign.', 'patient'],
    ['Send the appeal', 'Send it so that its arrival can be shown, to the address in the letter.', 'patient'],
    ['Follow up', 'Call after ten days and note who confirms that it arrived.', 'patient'],
  ],
  evidence: [
    LETTER,
    required('Letter of medical necessity', 'Answers the stated criterion'),
    required('Medical records of the service', 'Shows the condition and what was tried'),
    recommended('Results of tests and imaging', 'Supports the diagnosis'),
    recommended('Record of earlier treatments and how they ended', 'Answers “not tried before”'),
  ],
}
const BILLING: RoutePlan = {
  steps: [
    ['Call the billing office', 'Tell them what the letter says is wrong, and ask for a corrected claim.', 'patient'],
    [
      'Find the error',
      'Compare codes, modifiers, identifiers and dates of the claim with the record.',
      'billing_staff',
    ],
    [
      'Send the corrected claim',
      'Send it as a correction of the claim number in the letter, not as a new one.',
      'billing_staff',
    ],
    ['Follow up', 'Ask after two to three weeks whether it was processed.', 'billing_staff'],
  ],
  evidence: [LETTER, required('The corrected claim form (CMS-1500 or UB-04)', 'Replaces the one that was denied')],
}
const authorization: RoutePlan = {
  steps: [
    ['Call the provider', 'Ask whether an authorization was requested, and for its number if it was.', 'patient'],
    ['Gather the record', 'Order, notes and results that show why the service was needed when it was.', 'provider'],
    [
      'Ask for authorization after the fact',
      'The provider files it with the record, or shows that none was required.',
      'provider',
    ],
    [
      'Ask for reconsideration',
      'Send the reconsideration request with the authorization or the reason why there could be none.',
      'patient',
    ],
    ['Follow up', 'Call after ten days and note who confirms that it arrived.', 'patient'],
  ],
  evidence: [
    LETTER,
    required('The authorization, or the request for one', 'What the letter says is missing'),
    required('Medical records of the service', 'Shows why it was needed then'),
  ],
}
const records: RoutePlan = {
  steps: [
    [
      'Send what is asked for',
      'Send the documents that the letter names, with the claim number on each page.',
      'provider',
    ],
    ['Follow up', 'Ask after a week whether the claim is being processed again.', 'billing_staff'],
  ],
  evidence: [LETTER, required('The documents that the letter asks for', 'Without them nothing is decided')],
}
const insurance: RoutePlan = {
  steps: [
    ['Find out what coverage there was', 'Ask each insurer for the dates of coverage and which pays first.', 'patient'],
    [
      'Tell the insurer',
      'Answer its questionnaire on other insurance, or send proof of coverage on the date of service.',
      'patient',
    ],
    [
      'Have the claim processed again',
      'Ask for reprocessing, with the other insurer’s explanation of benefits where there is one.',
      'billing_staff',
    ],
  ],
  evidence: [LETTER, required('Proof of coverage on the date of service', 'Shows who has to pay')],
}

/** By route: who does what, and what it takes. */
const PLANS: Readonly<Record<Route, RoutePlan>> = {
  prior_auth_needed: authorization,
  claim_correction_resubmit: BILLING,
  medical_necessity_appeal: APPEAL,
  experimental_appeal: {
    ...APPEAL,
    evidence: [...APPEAL.evidence, recommended('Guidelines and studies', 'Shows that the treatment is accepted')],
  },
  step_therapy_exception: APPEAL,
  benefit_exclusion: {
    ...APPEAL,
    evidence: [
      LETTER,
      required('The plan document', 'Shows what the exclusion says, and its exceptions'),
      ...APPEAL.evidence.slice(2),
    ],
  },
  out_of_network: {
    ...APPEAL,
    evidence: [
      LETTER,
      recommended(
        'Proof of emergency, or that no provider of the network was near',
        'Grounds for payment as in the network',
      ),
      recommended('The notice and consent form, if any was signed', 'Without it the No Surprises Act may apply'),
    ],
  },
  timely_filing: {
    ...BILLING,
    evidence: [LETTER, required('Proof of when the claim was first sent', 'Shows that it was in time')],
  },
  duplicate_claim: {
    ...BILLING,
    evidence: [
      LETTER,
      required('Both claims side by side', 'Shows that they are two services, or that the first was never paid'),
    ],
  },
  coordination_of_benefits: insurance,
  bundling: {
    ...BILLING,
    evidence: [LETTER, required('The operative or procedure note', 'Shows that the services were separate')],
  },
  underpayment: {
    ...BILLING,
    evidence: [
      LETTER,
      required('Explanation of benefits', 'Shows how the payment was computed'),
      recommended('The contract or fee schedule', 'Shows what should have been paid'),
    ],
  },
  information_requested: records,
}

const QUESTIONS: readonly { field: Field; question: string; importance: Question['importance'] }[] = [
  { field: 'payer.name', question: 'Which insurer sent the letter?', importance: 'critical' },
  { field: 'dates.date_of_denial', question: 'What is the date on the letter?', importance: 'critical' },
  { field: 'payer.claim_number', question: 'What is the claim number?', importance: 'critical' },
  { field: 'payer.member_id', question: 'What is the member id on the insurance card?', importance: 'critical' },
  { field: 'service.description', question: 'Which service, drug or device was denied?', importance: 'critical' },
  { field: 'dates.date_of_service', question: 'When was the service, or is it still to come?', importance: 'helpful' },
  { field: 'service.provider_name', question: 'Who ordered or provided the service?', importance: 'helpful' },
  {
    field: 'contact_info.address',
    question: 'To which address does the insurer want appeals sent?',
    importance: 'helpful',
  },
]

/** Days that are kept free before a deadline for the post. */
const DAYS_FOR_THE_POST = 5

/** What to do by when, with what; null where a person has to choose the route first. */
export function planFor(route: Route | null, facts: Facts, deadlines: readonly Deadline[], today: string): ActionPlan {
  const plan = route === null ? { steps: [], evidence: [LETTER] } : PLANS[route]
  const wanted =
    route === 'claim_correction_resubmit' ? ['corrected_claim', 'appeal'] : ['appeal', 'corrected_claim', 'information']
  const deadline = wanted.map((kind) => deadlines.find((each) => each.kind === kind)).find((each) => each !== undefined)
  const sendBy = deadline && earlier(deadline.date, today)
  const steps = plan.steps.map(([action, description, responsible_party], index): Step => {
    const isSending = /^(?:Send|Ask for reconsideration|Tell|Have)/.test(action)
    return {
      ...{ step_number: index + 1, action, description, responsible_party },
      deadline: deadline && isSending ? deadline.date : (sendBy ?? null),
      deadline_source: deadline ? deadline.explanation : null,
    }
  })
  const missing = QUESTIONS.filter(({ field }) => !factOf(facts, field))
  const settling = deadlines.flatMap(({ question, kind }) =>
    question ? [{ field: `deadline.${kind}`, question, importance: 'critical' as const }] : [],
  )
  return {
    steps,
    evidence_checklist: [...plan.evidence],
    missing_info_requests: [...missing, ...settling],
    assumptions: deadlines.filter(({ basis }) => basis === 'assumption').map(({ explanation }) => explanation),
  }
}

/** Some days before a deadline; on the deadline itself where that has gone by. */
function earlier(date: string, today: string): string {
  const before = new Date(Date.parse(`${date}T00:00:00Z`) - DAYS_FOR_THE_POST * 86_400_000).toISOString().slice(0, 10)
  return before > today ? before : date
}

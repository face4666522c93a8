import type { Deadline } from '../deadlines/index.ts'
import { type Facts, type Field, factOf } from '../facts/index.ts'
import type { Route } from '../routing/index.ts'
import type { ActionPlan } from './plan.ts'

/** What the documents of a case are written from: nothing else may stand in them. */
export type PackSource = {
  facts: Facts
  deadlines: readonly Deadline[]
  route: Route | null
  plan: ActionPlan
  today: string
}

const LABELS: Partial<Record<Field, string>> = {
  'payer.name': 'name of the insurer',
  'payer.member_id': 'member id',
  'payer.claim_number': 'claim number',
  'patient.name': 'name of the patient',
  'service.description': 'service',
  'service.provider_name': 'provider',
  'dates.date_of_service': 'date of service',
  'dates.date_of_denial': 'date of the denial letter',
  'contact_info.address': 'address for appeals',
  'contact_info.phone': 'telephone number for appeals',
  'contact_info.fax': 'fax number for appeals',
  denial_reason: 'reason that the letter gives',
}
export const blank = (what: string) => `[Fill in: ${what}]`

/** What a field says, as the document says it; a field to fill in where nothing is known. */
function writer({ facts }: PackSource) {
  const say = (field: Field) => factOf(facts, field)?.value.replace(/\s+/g, ' ').trim() ?? blank(LABELS[field] ?? field)
  const date = (field: Field) => {
    const fact = factOf(facts, field)
    return fact ? longDate(fact.normalised) : blank(LABELS[field] ?? field)
  }
  return { say, date }
}

const longDate = (iso: string) =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${iso}T00:00:00Z`))

/** Why the denial should not stand, by route: arguments that hold for every case of it, answered to the letter's own words. */
const ARGUMENTS: Readonly<Record<Route, string>> = {
  prior_auth_needed:
    'The denial rests on the absence of an authorization, not on the need for the service. I ask you to accept the authorization that is enclosed, or to review the service on its merits.',
  claim_correction_resubmit:
    'The denial rests on how the claim was coded. A corrected claim is enclosed, and I ask you to process it in place of the one you denied.',
  medical_necessity_appeal:
    'The enclosed records and the letter of the treating clinician answer the criterion that you state. I ask that a reviewer of the same specialty decide on them.',
  experimental_appeal:
    'The enclosed letter and literature show that the treatment is accepted for this condition. I ask that a reviewer of the same specialty decide on them.',
  step_therapy_exception:
    'The enclosed record shows what was tried before and how it ended, or why it could not be tried. I ask for an exception from the required sequence.',
  benefit_exclusion:
    'Please name the provision of the plan on which you rely, and its exceptions. The enclosed record shows why the exclusion does not apply here.',
  out_of_network:
    'I ask that the claim be paid as if the provider were in the network, for the reasons in the enclosed record.',
  timely_filing: 'The enclosed proof shows when the claim was first submitted. I ask you to process it on its merits.',
  duplicate_claim:
    'The claim is not a duplicate: the enclosed records show separate services, or that the first claim was not paid.',
  coordination_of_benefits:
    'The enclosed proof shows what coverage there was on the date of service. I ask you to process the claim accordingly.',
  bundling: 'The enclosed note shows that the services were separate and distinct. I ask you to pay each of them.',
  underpayment: 'Please show how the payment was computed, and reprocess the claim as the plan provides.',
  information_requested: 'The documents that you asked for are enclosed. I ask you to process the claim.',
}

const DISCLAIMER = `---
This document was prepared from the papers of the case. It is no legal or medical advice. Check every date against the letter.
`

/** The documents for a case, as Markdown, by file name. */
export function writePack(source: PackSource): Record<string, string> {
  const isCorrection = source.route === 'claim_correction_resubmit'
  return {
    [isCorrection ? 'corrected_claim_request.md' : 'appeal_letter.md']: appealLetter(source),
    'call_script.md': callScript(source),
    'claim_file_request.md': claimFileRequest(source),
    'fax_cover.md': faxCover(source),
    'action_plan.md': actionPlan(source),
  }
}

function heading(source: PackSource): string {
  const { say, date } = writer(source)
  return `${longDate(source.today)}

${say('payer.name')}
${say('contact_info.address')}

Re: ${source.route === 'claim_correction_resubmit' ? 'Corrected claim' : 'Appeal'}
Patient: ${say('patient.name')}
Member id: ${say('payer.member_id')}
Claim number: ${say('payer.claim_number')}
Date of service: ${date('dates.date_of_service')}
Your letter of: ${date('dates.date_of_denial')}
`
}

function appealLetter(source: PackSource): string {
  const { say, date } = writer(source)
  const codes = source.facts.codes
    .filter(({ type }) => type === 'CPT' || type === 'HCPCS')
    .map(({ type, code }) => `${type} ${code}`)
  const service = `${say('service.description')}${codes.length > 0 ? ` (${[...new Set(codes)].join(', ')})` : ''}`
  return `${heading(source)}
To whom it may concern:

You denied ${service} in your letter of ${date('dates.date_of_denial')}. I ask you to reverse that decision.

## What you said

> ${say('denial_reason')}

## Why it should not stand

${source.route === null ? blank('why the denial should not stand') : ARGUMENTS[source.route]}

${blank('what happened, in the words of the patient or the clinician, with the number of the exhibit that shows it')}

## What is enclosed

${source.plan.evidence_checklist.map(({ item }, index) => `${index + 1}. ${item}`).join('\n')}

Please tell me in writing what you decide, and on which criteria. If you uphold the denial, please tell me how to ask for external review.

Sincerely,

${blank('signature and date')}
${say('patient.name')}

${DISCLAIMER}`
}

function callScript(source: PackSource): string {
  const { say, date } = writer(source)
  return `# Call to ${say('payer.name')}

Call: ${say('contact_info.phone')}

Have ready: member id ${say('payer.member_id')}, claim number ${say('payer.claim_number')}, date of service ${date('dates.date_of_service')}.

1. Note the name of whom you speak to, the time, and the reference number of the call.
2. “I am calling about the denial in your letter of ${date('dates.date_of_denial')}.”
3. “Which document or criterion does the denial rest on? Please send it to me.”
4. “By when and where to do you need my appeal? Is there a faster way when it is urgent?”
5. Repeat what you were told, and ask for it in writing.

${DISCLAIMER}`
}

function claimFileRequest(source: PackSource): string {
  const { say, date } = writer(source)
  return `${heading(source)}
Please send me, free of charge, all documents, records and other information relevant to this claim, the criteria and guidelines that were used, and the names of the experts whose advice was obtained.

You denied the claim in your letter of ${date('dates.date_of_denial')}.

Sincerely,

${blank('signature and date')}
${say('patient.name')}

${DISCLAIMER}`
}

function faxCover(source: PackSource): string {
  const { say } = writer(source)
  return `# Fax

To: ${say('payer.name')}, appeals
Fax: ${say('contact_info.fax')}
From: ${say('patient.name')}
Claim number: ${say('payer.claim_number')}
Pages: ${blank('number of pages')}

Confidential: this fax has health information. If it is not for you, destroy it and tell the sender.
`
}

function actionPlan({ plan, deadlines }: PackSource): string {
  const steps = plan.steps.map(
    (step) =>
      `${step.step_number}. **${step.action}** (${step.responsible_party.replaceAll('_', ' ')}${step.deadline ? `, by ${longDate(step.deadline)}` : ''}): ${step.description}`,
  )
  const dates = deadlines.map(
    ({ kind, date, explanation, basis }) =>
      `- ${kind.replaceAll('_', ' ')}: ${longDate(date)}${basis === 'assumption' ? ' (assumed)' : ''}. ${explanation}`,
  )
  const questions = plan.missing_info_requests.map(
    ({ question, importance }) => `- ${question}${importance === 'critical' ? ' (needed)' : ''}`,
  )
  return `# What to do

${steps.join('\n') || 'A person has to decide what kind of denial this is.'}

## Deadlines

${dates.join('\n') || 'None is known.'}

## What is missing

${questions.join('\n') || 'Nothing.'}

${DISCLAIMER}`
}

import type { CodeType } from '../facts/index.ts'

/** What can be done about a denial; the first level of every plan. */
export const ROUTES = [
  ...[
    'prior_auth_needed',
    'claim_correction_resubmit',
    'medical_necessity_appeal',
    'experimental_appeal',
    'step_therapy_exception',
  ],
  ...[
    'benefit_exclusion',
    'out_of_network',
    'timely_filing',
    'duplicate_claim',
    'coordination_of_benefits',
    'bundling',
  ],
  ...['underpayment', 'information_requested'],
] as const
export type Route = (typeof ROUTES)[number]

/** Something in a letter, EOB or remittance that speaks for a route. `reach`: where it counts fully. */
export type Signal = { id: string; route: Route; weight: number } & (
  | { words: RegExp }
  | { code: { type: CodeType; codes: readonly string[]; groups?: readonly string[] } }
)

const words = (id: string, route: Route, weight: number, pattern: RegExp): Signal => ({
  id,
  route,
  weight,
  words: pattern,
})
const carc = (id: string, route: Route, weight: number, ...codes: string[]): Signal => ({
  id,
  route,
  weight,
  code: { type: 'CARC', codes },
})
const rarc = (id: string, route: Route, weight: number, ...codes: string[]): Signal => ({
  id,
  route,
  weight,
  code: { type: 'RARC', codes },
})

/**
 * Words are looked for whole, never inside of others (`cob` in `Jacob`). Codes are those of the published code lists by number alone; what
 * they mean stands in the lists, which belong to their owners.
 */
export const SIGNALS: readonly Signal[] = [
  words(
    'prior_authorization_missing',
    'prior_auth_needed',
    4,
    /\b(?:prior\s+authorization|pre-?authorization|pre-?certification|pre-?approval|autorizaci[óo]n\s+previa)\b[^.]{0,60}\b(?:was\s+not|not|never|without|no\s+(?:record|se|fue|hab[íi]a)|missing|required|absent|requiere|obtenid)/giu,
  ),
  words(
    'without_authorization',
    'prior_auth_needed',
    3.5,
    /\b(?:without|no|lack(?:s|ed)?|missing|sin|absent)\s+(?:a\s+|an\s+|valid\s+|the\s+required\s+)?(?:prior\s+)?(?:authorization|pre-?cert\w*|autorizaci[óo]n)\b/giu,
  ),
  carc('carc_authorization', 'prior_auth_needed', 4, '197', '198', '243', '15'),
  words(
    'invalid_code',
    'claim_correction_resubmit',
    3.5,
    /\b(?:invalid|incorrect|inconsistent|missing|wrong|inv[áa]lid[oa]|incorrect[oa])\s+(?:\w+\s+){0,2}?(?:modifiers?|codes?|diagnosis|procedure|NPI|taxonomy|c[óo]digos?|modificador)\b/giu,
  ),
  words(
    'modifier',
    'claim_correction_resubmit',
    2,
    /\bmodifier\s+(?:combination|\d{2}|usage)|\bmodifier\b[^.]{0,60}\bnot\s+supported\b/giu,
  ),
  words(
    'npi_mismatch',
    'claim_correction_resubmit',
    2.5,
    /\bNPI\b[^.]{0,60}\b(?:mismatch|does\s+not\s+match|not\s+match|invalid|missing)\b/giu,
  ),
  words(
    'corrected_claim',
    'claim_correction_resubmit',
    2,
    /\b(?:corrected\s+claims?|resubmit\s+(?:the|a|your)\s+(?:corrected\s+)?claim|reclamaci[óo]n\s+corregida)\b/giu,
  ),
  carc(
    'carc_coding',
    'claim_correction_resubmit',
    3.5,
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '10',
    '11',
    '12',
    '16',
    '125',
    '181',
    '182',
    '185',
    '206',
    '207',
    '208',
  ),
  words(
    'not_medically_necessary',
    'medical_necessity_appeal',
    4,
    /\b(?:not\s+medically\s+necessary|(?:not|n't)\s+meet\s+(?:the\s+|our\s+|\w+\s+)?(?:criteria|requirements|definition)\s+(?:for|of)\s+medical\s+necessity|lack\s+of\s+medical\s+necessity|medical\s+necessity\s+(?:was|has|is|were)\s+not|no\s+es\s+m[ée]dicamente\s+necesari[oa]|necesidad\s+m[ée]dica)\b/giu,
  ),
  words(
    'criteria_not_met',
    'medical_necessity_appeal',
    2,
    /\b(?:clinical|medical)\s+(?:criteria|guidelines?|polic(?:y|ies)|review)\b[^.]{0,80}\b(?:not|n't)\b|\b(?:lower|less\s+intensive)\s+level\s+of\s+care\b/giu,
  ),
  carc('carc_necessity', 'medical_necessity_appeal', 4, '50', '56', '58', '150', '151', '152', '153', '154'),
  words(
    'experimental',
    'experimental_appeal',
    4.5,
    /\b(?:experimental|investigational|unproven|en\s+(?:etapa\s+de\s+)?investigaci[óo]n)\b/giu,
  ),
  carc('carc_experimental', 'experimental_appeal', 4.5, '55', '114'),
  words(
    'step_therapy',
    'step_therapy_exception',
    4.5,
    /\b(?:step\s+therapy|fail[\s-]first|terapia\s+escalonada)\b|\b(?:try|tried|trial\s+of|have\s+tried)\s+(?:and\s+fail(?:ed)?\s+)?[^.]{0,60}\b(?:before|first|prior\s+to)\b|\bnot\s+demonstrate\s+that\b[^.]{0,80}\btried\s+and\s+failed\b/giu,
  ),
  carc('carc_step', 'step_therapy_exception', 3, '272'),
  words(
    'excluded',
    'benefit_exclusion',
    4,
    /\b(?:excluded\s+(?:from|under|by)|exclusions?\b|not\s+(?:a\s+)?covered\s+(?:benefit|service|expense)|is\s+not\s+covered\s+(?:under|by)|benefit\s+(?:maximum|limit)\s+(?:has\s+been\s+)?(?:reached|met|exceeded)|exceed(?:s|ed)?\s+(?:the\s+)?(?:benefit|visit|plan)\s+(?:limit|maximum)|cosmetic|non-?formulary|no\s+es\s+un\s+beneficio\s+cubierto|excluid[oa])\b/giu,
  ),
  carc('carc_exclusion', 'benefit_exclusion', 4, '96', '119', '149', '204', '256'),
  words(
    'out_of_network',
    'out_of_network',
    4.5,
    /\b(?:out[\s-]of[\s-]network|non-?participating|not\s+(?:in|part\s+of)\s+(?:the|our|your)\s+(?:plan'?s?\s+)?network|fuera\s+de\s+(?:la\s+)?red)\b/giu,
  ),
  words('no_surprises', 'out_of_network', 1.5, /\b(?:no\s+surprises\s+act|surprise\s+bill\w*|balance\s+bill\w*)\b/giu),
  carc('carc_network', 'out_of_network', 4, '242', '38', '279'),
  words(
    'filed_late',
    'timely_filing',
    4.5,
    /\b(?:timely\s+filing\s+(?:limit|period|requirement)|(?:filing|submission)\s+(?:limit|deadline|time\s+limit)\s+(?:has\s+|had\s+|was\s+)?(?:expired|passed|exceeded)|(?:received|submitted|filed)\s+(?:after|past|beyond)\s+(?:the\s+)?(?:timely\s+)?(?:filing|submission|time)|fuera\s+del?\s+plazo)\b/giu,
  ),
  carc('carc_late', 'timely_filing', 4.5, '29'),
  words(
    'duplicate',
    'duplicate_claim',
    4.5,
    /\b(?:(?:exact\s+)?duplicates?\s+(?:of\s+)?(?:a\s+|the\s+)?(?:claim|service|charge|submission|previously)|duplicate\s+of|previously\s+(?:processed|paid|submitted)|already\s+(?:been\s+)?(?:processed|paid)|reclamaci[óo]n\s+duplicada)\b/giu,
  ),
  carc('carc_duplicate', 'duplicate_claim', 4.5, '18'),
  words(
    'other_coverage',
    'coordination_of_benefits',
    4.5,
    /\b(?:coordination\s+of\s+benefits|COB|other\s+(?:health\s+)?(?:insurance|coverage)|primary\s+(?:payer|insurance|carrier)|coordinaci[óo]n\s+de\s+beneficios|otro\s+seguro)\b/gu,
  ),
  words(
    'not_eligible',
    'coordination_of_benefits',
    4,
    /\b(?:not\s+eligible\s+(?:for\s+coverage|on\s+the\s+date)|coverage\s+(?:was\s+)?(?:terminated|not\s+in\s+effect|had\s+ended|lapsed)|(?:member|patient)\s+(?:was\s+)?not\s+(?:enrolled|covered\s+on)|no\s+(?:era|estaba)\s+(?:elegible|inscrit[oa]))\b/giu,
  ),
  carc('carc_other_coverage', 'coordination_of_benefits', 4, '22', '23', '26', '27', '31', '109', '177'),
  words(
    'bundled',
    'bundling',
    4.5,
    /\b(?:bundled|unbundl\w+|included\s+in\s+(?:the\s+)?(?:payment|allowance|reimbursement|primary|another|global)|incidental\s+to|global\s+(?:period|surgical)|mutually\s+exclusive|NCCI|paquete)\b/giu,
  ),
  carc('carc_bundled', 'bundling', 4.5, '97', '231', '236', '234'),
  words(
    'paid_less',
    'underpayment',
    3.5,
    /\b(?:paid\s+at\s+(?:a\s+)?(?:reduced|lower)|reduced\s+(?:payment|allowance)|partial(?:ly)?\s+(?:paid|payment|approved)|exceed(?:s|ed)?\s+(?:the\s+)?(?:allowed|usual|reasonable|maximum\s+allow\w+|fee\s+schedule)|usual,?\s+customary|fee\s+schedule|pago\s+parcial)\b/giu,
  ),
  carc('carc_paid_less', 'underpayment', 1, '45', '59', '131', '237', '253'),
  words(
    'information_wanted',
    'information_requested',
    4,
    /\b(?:(?:additional|further|requested|missing|necessary)\s+(?:information|documentation|records)\s+(?:is|are|was|were|has|have|needed|required|not|to)|(?:need|require|requested|provide|send)\s+(?:us\s+)?(?:the\s+following\s+|additional\s+|more\s+|medical\s+)(?:information|documentation|records)|insufficient\s+(?:information|documentation)|pended?|informaci[óo]n\s+adicional)\b/giu,
  ),
  carc('carc_information', 'information_requested', 4, '226', '227', '252', '163', '164', '250', '251'),
  rarc('rarc_information', 'information_requested', 1.5, 'M127', 'N29', 'N102', 'N706', 'MA04'),
]

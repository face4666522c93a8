import { z } from 'zod'
import { BASES, DEADLINE_KINDS } from '../deadlines/index.ts'
import { ROUTES } from '../routing/index.ts'
import { CASE_STATUSES, DOCUMENT_TYPES, MODES, OUTCOMES } from './case.ts'
import type { CaseRun } from './last-run.ts'
import type { Pack } from './pack.ts'
import type { CaseRow, DocumentRow } from './store.ts'

const timestamp = z.iso.datetime()

export const CaseView = z
  .object({
    case_id: z.uuid(),
    tenant_id: z.string(),
    mode: z.enum(MODES),
    status: z.enum(CASE_STATUSES),
    outcome: z.enum(OUTCOMES).nullable(),
    route: z.enum(ROUTES).nullable().meta({ description: 'Of the last run; null: a person has to decide' }),
    payer: z.string().nullable(),
    appeal_by: z.iso.date().nullable().meta({ description: 'The deadline that comes first of those to appeal' }),
    assignee: z.string().nullable(),
    created_by: z.string(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'DenialCase' })

export const presentCase = (row: CaseRow): z.infer<typeof CaseView> => ({
  ...{ case_id: row.case_id, tenant_id: row.tenant_id, mode: row.mode, status: row.status, outcome: row.outcome },
  ...{
    route: row.route as z.infer<typeof CaseView>['route'],
    payer: row.payer,
    appeal_by: row.appeal_by,
    assignee: row.assignee,
  },
  ...{ created_by: row.created_by, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() },
})

export const DocumentView = z
  .object({
    document_id: z.uuid(),
    case_id: z.uuid(),
    doc_type: z.enum(DOCUMENT_TYPES),
    name: z.string(),
    sha256: z.string(),
    size_bytes: z.int(),
    pages: z.int(),
    created_by: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'DenialDocument' })

export const presentDocument = (row: DocumentRow): z.infer<typeof DocumentView> => ({
  ...{ document_id: row.document_id, case_id: row.case_id, doc_type: row.doc_type, name: row.name },
  ...{ sha256: row.sha256.toString('hex'), size_bytes: row.size_bytes, pages: row.pages },
  ...{ created_by: row.created_by, created_at: row.created_at.toISOString() },
})

const EvidenceView = z.object({
  document_id: z.uuid().nullable().meta({ description: 'Null: a person said so' }),
  page: z.int(),
  start: z.int().meta({ description: 'Characters [start, end) of the text of the document' }),
  end: z.int(),
  quote: z.string(),
})

const FactView = z.object({
  field: z.string(),
  value: z.string().meta({ description: 'As it stands in the document' }),
  normalised: z.string(),
  method: z.string(),
  confidence: z.number(),
  evidence: EvidenceView,
})

const CandidateDeadline = z.object({
  basis: z.enum(BASES),
  date: z.iso.date().meta({ description: 'The earliest that it may be' }),
  rolled: z.iso.date().meta({ description: 'The next business day where `date` is none' }),
  if_received_later: z.iso.date().nullable(),
  rule: z.object({ id: z.string(), version: z.int(), citation: z.string() }).nullable(),
  quotes: z.array(z.string()),
  explanation: z.string(),
})

export const RunView = z
  .object({
    run: z.int(),
    status: z.enum(['completed', 'needs_better_scan']),
    is_stale: z.boolean().meta({ description: 'Documents, context or corrections have changed since' }),
    route: z.enum(ROUTES).nullable(),
    confidence: z.number(),
    reasoning: z.string(),
    shares: z.array(z.object({ route: z.enum(ROUTES), share: z.number(), confidence: z.number() })),
    signals: z.array(z.object({ signal: z.string(), route: z.enum(ROUTES), weight: z.number(), quote: z.string() })),
    facts: z.array(FactView),
    candidates: z.array(FactView.extend({ lost_because: z.string() })),
    codes: z.array(
      z.object({
        type: z.string(),
        code: z.string(),
        group: z.string().nullable(),
        confidence: z.number(),
        evidence: EvidenceView,
      }),
    ),
    conflicts: z.array(
      z.object({
        field: z.string(),
        values: z.array(z.object({ value: z.string(), document_id: z.uuid().nullable() })),
      }),
    ),
    deadlines: z.array(
      CandidateDeadline.extend({
        kind: z.enum(DEADLINE_KINDS),
        has_conflict: z.boolean(),
        question: z.string().nullable(),
        alternatives: z.array(CandidateDeadline),
      }),
    ),
    unknown_deadlines: z.array(z.object({ kind: z.enum(DEADLINE_KINDS), question: z.string() })),
    plan: z.object({
      steps: z.array(
        z.object({
          step_number: z.int(),
          action: z.string(),
          description: z.string(),
          responsible_party: z.enum(['patient', 'provider', 'billing_staff', 'clinician']),
          deadline: z.iso.date().nullable(),
          deadline_source: z.string().nullable(),
        }),
      ),
      evidence_checklist: z.array(
        z.object({ item: z.string(), priority: z.enum(['required', 'recommended', 'optional']), purpose: z.string() }),
      ),
      missing_info_requests: z.array(
        z.object({ field: z.string(), question: z.string(), importance: z.enum(['critical', 'helpful']) }),
      ),
      assumptions: z.array(z.string()),
    }),
    started_by: z.string(),
    ended_at: timestamp,
  })
  .meta({ id: 'DenialRun' })

/** What an answer may say that is kept for repeated requests: nothing of a person. */
export const RunSummary = RunView.pick({
  run: true,
  status: true,
  is_stale: true,
  route: true,
  confidence: true,
  ended_at: true,
}).meta({
  id: 'DenialRunSummary',
})

export const presentRunSummary = ({ findings, ...run }: CaseRun): z.infer<typeof RunSummary> => ({
  ...{ run: run.run, status: findings.isLegible ? 'completed' : 'needs_better_scan', is_stale: run.isStale },
  ...{ route: findings.routing.route, confidence: findings.routing.confidence, ended_at: run.ended_at.toISOString() },
})

type Evidence = { documentId: string | null; page: number; start: number; end: number; quote: string }
const presentEvidence = ({ documentId, ...place }: Evidence) => ({ document_id: documentId, ...place })
type FactLike = {
  field: string
  value: string
  normalised: string
  method: string
  confidence: number
  evidence: Evidence
}
const presentFact = ({ field, value, normalised, method, confidence, evidence }: FactLike) => ({
  ...{ field, value, normalised, method, confidence, evidence: presentEvidence(evidence) },
})
type Candidate = CaseRun['findings']['deadlines'][number]['alternatives'][number]
const presentCandidate = ({ basis, date, rolled, ifReceivedLater, rule, quotes, explanation }: Candidate) => ({
  ...{ basis, date, rolled, if_received_later: ifReceivedLater, quotes, explanation },
  rule: rule && { id: rule.id, version: rule.version, citation: rule.citation },
})

export function presentRun({ findings, ...run }: CaseRun): z.infer<typeof RunView> {
  const { routing, deadlines, unknown, plan } = findings
  return {
    ...{ run: run.run, status: findings.isLegible ? 'completed' : 'needs_better_scan', is_stale: run.isStale },
    ...{ route: routing.route, confidence: routing.confidence, reasoning: routing.reasoning, shares: routing.shares },
    signals: routing.signals.map(({ signal, route, weight, evidence }) => ({
      signal,
      route,
      weight,
      quote: evidence.quote,
    })),
    facts: findings.facts.map(presentFact),
    candidates: findings.candidates.map((each) => ({ ...presentFact(each), lost_because: each.lostBecause })),
    codes: findings.codes.map(({ type, code, group, confidence, evidence }) => ({
      ...{ type, code, group, confidence, evidence: presentEvidence(evidence) },
    })),
    conflicts: findings.conflicts.map(({ field, values }) => ({
      field,
      values: values.map(({ value, documentId }) => ({ value, document_id: documentId })),
    })),
    deadlines: deadlines.map(({ kind, hasConflict, question, alternatives, ...first }) => ({
      ...presentCandidate(first),
      ...{ kind, has_conflict: hasConflict, question, alternatives: alternatives.map(presentCandidate) },
    })),
    unknown_deadlines: unknown,
    plan,
    ...{ started_by: run.started_by, ended_at: run.ended_at.toISOString() },
  }
}

export const PackView = z
  .object({
    version: z.int(),
    run: z.int(),
    is_stale: z.boolean().meta({ description: 'The facts have changed since it was written' }),
    documents: z.array(z.object({ name: z.string(), text: z.string(), sha256: z.string().nullable() })),
    findings: z
      .array(
        z.object({
          document: z.string(),
          start: z.int(),
          end: z.int(),
          text: z.string(),
          sentence: z.string(),
          kind: z.string(),
          why: z.string(),
          overruled: z.object({ by: z.string(), at: timestamp, reason: z.string() }).nullable(),
        }),
      )
      .meta({ description: 'What blocks the approval, unless somebody overruled it' }),
    approved_by: z.string().nullable(),
    approved_at: timestamp.nullable(),
    made_by: z.string(),
    made_at: timestamp,
  })
  .meta({ id: 'DenialPack' })

export function presentPack(pack: Pack): z.infer<typeof PackView> {
  const { version, run, isStale, documents, findings, manifest, approved_by, approved_at, made_by, made_at } = pack
  return {
    ...{ version, run, is_stale: isStale, approved_by, made_by },
    documents: Object.entries(documents).map(([name, text]) => ({ name, text, sha256: manifest?.[name] ?? null })),
    findings: findings.map(({ overruled, ...finding }) => ({
      ...finding,
      overruled: overruled && { by: overruled.by, at: overruled.at, reason: overruled.reason },
    })),
    approved_at: approved_at?.toISOString() ?? null,
    made_at: made_at.toISOString(),
  }
}

/** As a run's: nothing of a person. */
export const PackSummary = PackView.pick({
  version: true,
  run: true,
  is_stale: true,
  approved_by: true,
  approved_at: true,
})
  .extend({
    blocking: z.int().meta({ description: 'Findings that nobody overruled' }),
    sha256: z.record(z.string(), z.string()).meta({ description: 'Of each document, once they are approved' }),
  })
  .meta({ id: 'DenialPackSummary' })

export const presentPackSummary = (pack: Pack): z.infer<typeof PackSummary> => ({
  ...{ version: pack.version, run: pack.run, is_stale: pack.isStale },
  ...{ approved_by: pack.approved_by, approved_at: pack.approved_at?.toISOString() ?? null },
  blocking: pack.findings.filter(({ overruled }) => overruled === null).length,
  sha256: pack.manifest ?? {},
})

import { createHash } from 'node:crypto'
import { recordAudit } from '../../../core/audit/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { checkPack, type Finding } from '../packs/index.ts'
import { demandCase } from './demand-case.ts'
import { denialFault } from './faults.ts'
import { lastRun } from './last-run.ts'
import type { Who } from './open-case.ts'
import { type Overruled, type PackContent, packs } from './sealed.ts'
import { approvePack, findPack, insertPack, listDocuments, type PackRow, updateCase } from './store.ts'

export type CheckedFinding = Finding & { overruled: Overruled | null }
export type Pack = Omit<PackRow, 'sealed_content'> & PackContent & { findings: CheckedFinding[]; isStale: boolean }

export const DOCUMENT_CHARACTERS_MAX = 50_000
const OVERRULED_MAX = 200

/** The newest pack with what the gate finds in it now. @throws denials.case_not_found, denials.pack_not_found, denials.not_run */
export async function readPack(tx: Tx, sealer: Sealer, caseId: string): Promise<Pack> {
  const row = await demandCase(tx, caseId)
  const found = await findPack(tx, caseId)
  if (!found) {
    throw denialFault('denials.pack_not_found', {
      public: 'This case has no documents yet. POST /cases/{case_id}/run writes them.',
      internal: 'a case without a pack',
    })
  }
  const { sealed_content, ...pack } = found
  const content = packs(sealer).open(sealed_content, row.tenant_id, caseId, pack.version)
  const { findings } = await lastRun(tx, sealer, caseId, pack.run)
  const source = {
    facts: findings,
    deadlines: findings.deadlines,
    route: findings.routing.route,
    plan: findings.plan,
    today: content.writtenOn,
  }
  return {
    ...{ ...pack, ...content, isStale: pack.input_version !== row.input_version },
    findings: checkPack(content.documents, source).map((finding) => ({
      ...finding,
      overruled:
        content.overruled.find(({ document, text }) => document === finding.document && text === finding.text) ?? null,
    })),
  }
}

/** A document in somebody's own words: a new version, which the gate reads like any other. @throws denials.pack_document_not_found … */
export async function rewriteDocument(
  tx: Tx,
  sealer: Sealer,
  who: Who,
  caseId: string,
  change: { document: string; text: string },
): Promise<void> {
  const pack = await demandDraft(tx, sealer, caseId)
  if (pack.documents[change.document] === undefined) throw noSuchDocument()
  await putContent(tx, sealer, who, caseId, pack, { documents: { ...pack.documents, [change.document]: change.text } })
}

/** Lets a finding stand, under one's own name and with a reason. */
export async function overruleFinding(
  tx: Tx,
  sealer: Sealer,
  who: Who,
  caseId: string,
  { document, text, reason, now }: { document: string; text: string; reason: string; now: Date },
): Promise<void> {
  const pack = await demandDraft(tx, sealer, caseId)
  if (!pack.findings.some((finding) => finding.document === document && finding.text === text)) throw noSuchDocument()
  const others = pack.overruled.filter((each) => each.document !== document || each.text !== text)
  const overruled = [...others, { document, text, reason, by: who.by, at: now.toISOString() }].slice(-OVERRULED_MAX)
  await putContent(tx, sealer, who, caseId, pack, { overruled })
  const audit = {
    tenantId: who.tenantId,
    actor: who.by,
    action: 'denial.overrule',
    subject: `denial:${caseId}`,
    details: { document },
  }
  await recordAudit(tx, audit)
}

/**
 * Freezes the pack: SHA-256 of each document, who approved it and when. Refused while the gate finds something that nobody overruled,
 * when the facts have changed since it was written, and in verified mode without a plan document.
 *
 * @throws denials.pack_blocked, denials.pack_stale, denials.plan_document_missing, denials.pack_approved …
 */
export async function approve(tx: Tx, sealer: Sealer, who: Who, caseId: string, version: number): Promise<void> {
  const row = await demandCase(tx, caseId, { toChange: true })
  const pack = await demandDraft(tx, sealer, caseId)
  if (pack.version !== version || pack.isStale) {
    throw denialFault('denials.pack_stale', {
      public:
        'This is not the newest version of the documents, or the facts have changed since it was written. Read it again, and run the case when it is stale.',
      internal: `asked for version ${version}, newest is ${pack.version}`,
    })
  }
  const blocking = pack.findings.filter(({ overruled }) => overruled === null)
  if (blocking.length > 0) {
    throw denialFault('denials.pack_blocked', {
      public: `${blocking.length} places in the documents are not filled in, or trace to no paper of the case. See \`findings\` in GET /cases/{case_id}/pack: mend or overrule each.`,
      internal: `${blocking.length} findings block the pack`,
    })
  }
  if (
    row.mode === 'verified' &&
    !(await listDocuments(tx, caseId)).some(({ doc_type }) => doc_type === 'sbc' || doc_type === 'eoc')
  ) {
    throw denialFault('denials.plan_document_missing', {
      public:
        'A verified case needs the plan’s own document (sbc or eoc). Add it and run the case, or change its mode to fast.',
      internal: 'a verified case without a plan document',
    })
  }
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  const manifest = Object.fromEntries(Object.entries(pack.documents).map(([name, text]) => [name, digest(text)]))
  await approvePack(tx, caseId, version, { manifest, approvedBy: who.by })
  await updateCase(tx, caseId, { status: 'ready' })
  const details = { version, documents: Object.keys(manifest).length }
  await recordAudit(tx, {
    tenantId: who.tenantId,
    actor: who.by,
    action: 'denial.approve',
    subject: `denial:${caseId}`,
    details,
  })
}

/** The newest pack, under the case's lock, where it is not approved yet. */
async function demandDraft(tx: Tx, sealer: Sealer, caseId: string): Promise<Pack> {
  await demandCase(tx, caseId, { toChange: true })
  const pack = await readPack(tx, sealer, caseId)
  if (pack.approved_at === null) return pack
  throw denialFault('denials.pack_approved', {
    public: 'These documents are approved and stay as they are. Run the case again for new ones.',
    internal: 'a change of an approved pack',
  })
}

async function putContent(
  tx: Tx,
  sealer: Sealer,
  { tenantId, by }: Who,
  caseId: string,
  pack: Pack,
  change: Partial<PackContent>,
): Promise<void> {
  const { documents, overruled, writtenOn, run, input_version } = pack
  const version = pack.version + 1
  const sealed_content = packs(sealer).seal({ documents, overruled, writtenOn, ...change }, tenantId, caseId, version)
  await insertPack(tx, caseId, { version, run, input_version, sealed_content, made_by: by })
}

const noSuchDocument = () =>
  denialFault('denials.pack_document_not_found', {
    public: 'The newest version of the documents has no such document, or no such finding in it.',
    internal: 'no such document or finding in the pack',
  })

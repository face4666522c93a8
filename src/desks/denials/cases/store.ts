import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { CaseStatus, DocumentType } from './case.ts'

export type CaseRow = {
  tenant_id: string
  case_id: string
  mode: 'fast' | 'verified'
  status: CaseStatus
  outcome: 'upheld' | 'overturned' | 'partly' | null
  sealed_context: Buffer
  route: string | null
  payer: string | null
  appeal_by: string | null
  assignee: string | null
  input_version: number
  created_by: string
  created_at: Date
  updated_at: Date
}

export type DocumentRow = {
  document_id: string
  case_id: string
  doc_type: DocumentType
  name: string
  sha256: Buffer
  size_bytes: number
  pages: number
  created_by: string
  created_at: Date
}

const TENANT = sql`current_setting('signalbox.tenant_id')`
const CASE = sql`tenant_id, case_id, mode, status, outcome, sealed_context, route, payer, to_char(appeal_by, 'YYYY-MM-DD') as appeal_by, assignee,
  input_version, created_by, created_at, updated_at`

export async function insertCase(
  tx: Tx,
  row: Pick<CaseRow, 'case_id' | 'mode' | 'sealed_context' | 'created_by'> & { assignee: string | null },
): Promise<void> {
  await sql`
    insert into denial_cases (tenant_id, case_id, mode, sealed_context, created_by, assignee)
    values (${TENANT}, ${row.case_id}, ${row.mode}, ${row.sealed_context}, ${row.created_by}, ${row.assignee})`.execute(
    tx,
  )
}

/** `lock`: nobody else changes the case, or what is below it, until the transaction ends. */
export async function findCase(tx: Tx, caseId: string, { lock = false } = {}): Promise<CaseRow | undefined> {
  const { rows } = await sql<CaseRow>`
    select ${CASE} from denial_cases where case_id = ${caseId} ${lock ? sql`for update` : sql``}`.execute(tx)
  return rows[0]
}

export type CaseFilter = {
  status?: CaseStatus | undefined
  route?: string | undefined
  assignee?: string | undefined
  due_before?: string | undefined
}

/** Newest first; ids tell when they were made. */
export async function listCases(
  tx: Tx,
  { filter, before, limit }: { filter: CaseFilter; before: string | undefined; limit: number },
): Promise<CaseRow[]> {
  const { status, route, assignee, due_before } = filter
  const conditions = [
    sql`true`,
    ...(status === undefined ? [] : [sql`status = ${status}`]),
    ...(route === undefined ? [] : [sql`route = ${route}`]),
    ...(assignee === undefined ? [] : [sql`assignee = ${assignee}`]),
    ...(due_before === undefined ? [] : [sql`appeal_by < ${due_before}::date and status not in ('closed', 'decided')`]),
    ...(before === undefined ? [] : [sql`case_id < ${before}::uuid`]),
  ]
  const { rows } = await sql<CaseRow>`
    select ${CASE} from denial_cases where ${sql.join(conditions, sql` and `)} order by case_id desc limit ${limit}`.execute(
    tx,
  )
  return rows
}

export type CaseChange = {
  status?: CaseStatus | undefined
  outcome?: CaseRow['outcome'] | undefined
  assignee?: string | null | undefined
  sealed_context?: Buffer | undefined
  mode?: 'fast' | 'verified' | undefined
  route?: string | null | undefined
  payer?: string | null | undefined
  appeal_by?: string | null | undefined
  /** What findings depend on is another one now. */
  hasNewInput?: boolean
}

export async function updateCase(tx: Tx, caseId: string, change: CaseChange): Promise<void> {
  const { hasNewInput, appeal_by, ...columns } = change
  const set = [
    sql`updated_at = now()`,
    // What was approved is not what would be found now.
    ...(hasNewInput && columns.status === undefined
      ? [sql`status = case when status = 'ready' then 'review' else status end`]
      : []),
    ...(hasNewInput ? [sql`input_version = input_version + 1`] : []),
    ...(appeal_by === undefined ? [] : [sql`appeal_by = ${appeal_by}::date`]),
    ...Object.entries(columns).flatMap(([column, value]) =>
      value === undefined ? [] : [sql`${sql.ref(column)} = ${value}`],
    ),
  ]
  await sql`update denial_cases set ${sql.join(set)} where case_id = ${caseId}`.execute(tx)
}

export async function deleteCase(tx: Tx, caseId: string): Promise<boolean> {
  const { rows } = await sql`delete from denial_cases where case_id = ${caseId} returning 1`.execute(tx)
  return rows.length === 1
}

const DOCUMENT = sql`document_id, case_id, doc_type, name, sha256, size_bytes, pages, created_by, created_at`

export async function insertDocument(
  tx: Tx,
  row: Omit<DocumentRow, 'created_at'> & { sealed_text: Buffer; sealed_file: Buffer },
): Promise<boolean> {
  const { rows } = await sql`
    insert into denial_documents (tenant_id, ${sql.raw('document_id, case_id, doc_type, name, sha256, size_bytes, pages, created_by')}, sealed_text, sealed_file)
    values (${TENANT}, ${row.document_id}, ${row.case_id}, ${row.doc_type}, ${row.name}, ${row.sha256}, ${row.size_bytes}, ${row.pages},
      ${row.created_by}, ${row.sealed_text}, ${row.sealed_file})
    on conflict (tenant_id, case_id, doc_type, sha256) do nothing returning 1`.execute(tx)
  return rows.length === 1
}

/** In the order in which they came; `after`: an id of a list before. */
export async function listDocuments(tx: Tx, caseId: string): Promise<DocumentRow[]> {
  const { rows } = await sql<DocumentRow>`
    select ${DOCUMENT} from denial_documents where case_id = ${caseId} order by document_id`.execute(tx)
  return rows
}

/** Bytes of all files of the tenant, as they were sent. */
export async function storedBytes(tx: Tx): Promise<number> {
  const { rows } = await sql<{ bytes: string }>`
    select coalesce(sum(size_bytes), 0)::text as bytes from denial_documents`.execute(tx)
  return Number(rows[0]?.bytes ?? 0)
}

export type SealedText = Pick<DocumentRow, 'document_id' | 'doc_type' | 'name'> & { sealed_text: Buffer }

export async function readTexts(tx: Tx, caseId: string): Promise<SealedText[]> {
  const { rows } = await sql<SealedText>`
    select document_id, doc_type, name, sealed_text from denial_documents where case_id = ${caseId} order by document_id`.execute(
    tx,
  )
  return rows
}

export async function findDocument(
  tx: Tx,
  caseId: string,
  documentId: string,
): Promise<(DocumentRow & { sealed_text: Buffer }) | undefined> {
  const { rows } = await sql<DocumentRow & { sealed_text: Buffer }>`
    select ${DOCUMENT}, sealed_text from denial_documents where case_id = ${caseId} and document_id = ${documentId}`.execute(
    tx,
  )
  return rows[0]
}

export async function deleteDocument(tx: Tx, caseId: string, documentId: string): Promise<boolean> {
  const { rows } = await sql`
    delete from denial_documents where case_id = ${caseId} and document_id = ${documentId} returning 1`.execute(tx)
  return rows.length === 1
}

export type CorrectionRow = { field: string; sealed_value: Buffer; corrected_by: string; corrected_at: Date }

export async function listCorrections(tx: Tx, caseId: string): Promise<CorrectionRow[]> {
  const { rows } = await sql<CorrectionRow>`
    select field, sealed_value, corrected_by, corrected_at from denial_corrections where case_id = ${caseId} order by field`.execute(
    tx,
  )
  return rows
}

export async function putCorrection(tx: Tx, caseId: string, row: Omit<CorrectionRow, 'corrected_at'>): Promise<void> {
  await sql`
    insert into denial_corrections (tenant_id, case_id, field, sealed_value, corrected_by)
    values (${TENANT}, ${caseId}, ${row.field}, ${row.sealed_value}, ${row.corrected_by})
    on conflict (tenant_id, case_id, field)
      do update set sealed_value = excluded.sealed_value, corrected_by = excluded.corrected_by, corrected_at = now()`.execute(
    tx,
  )
}

export async function deleteCorrection(tx: Tx, caseId: string, field: string): Promise<boolean> {
  const { rows } = await sql`
    delete from denial_corrections where case_id = ${caseId} and field = ${field} returning 1`.execute(tx)
  return rows.length === 1
}

export type RunRow = { run: number; input_version: number; sealed_findings: Buffer; started_by: string; ended_at: Date }

/** Stores a run behind those before it, and leaves the last `kept`; under the case's lock. */
export async function insertRun(
  tx: Tx,
  caseId: string,
  row: Pick<RunRow, 'run' | 'input_version' | 'sealed_findings' | 'started_by'>,
  kept: number,
): Promise<void> {
  await sql`
    with old as (delete from denial_runs where case_id = ${caseId} and run <= ${row.run - kept})
    insert into denial_runs (tenant_id, case_id, run, input_version, sealed_findings, started_by)
    values (${TENANT}, ${caseId}, ${row.run}, ${row.input_version}, ${row.sealed_findings}, ${row.started_by})`.execute(
    tx,
  )
}

/** The last one, or the one with a number. */
export async function findRun(tx: Tx, caseId: string, run?: number): Promise<RunRow | undefined> {
  const { rows } = await sql<RunRow>`
    select run, input_version, sealed_findings, started_by, ended_at from denial_runs
    where case_id = ${caseId} ${run === undefined ? sql`` : sql`and run = ${run}`} order by run desc limit 1`.execute(
    tx,
  )
  return rows[0]
}

export type PackRow = {
  version: number
  run: number
  input_version: number
  sealed_content: Buffer
  manifest: Record<string, string> | null
  approved_by: string | null
  approved_at: Date | null
  made_by: string
  made_at: Date
}

export async function findPack(tx: Tx, caseId: string): Promise<PackRow | undefined> {
  const { rows } = await sql<PackRow>`
    select version, run, input_version, sealed_content, manifest, approved_by, approved_at, made_by, made_at from denial_packs
    where case_id = ${caseId} order by version desc limit 1`.execute(tx)
  return rows[0]
}

/** Of one case, the last ones. */
const DRAFTS_KEPT = 10

/** Under the case's lock. An approved one is never written again: the next has another version. Of the others the last stay. */
export async function insertPack(
  tx: Tx,
  caseId: string,
  row: Pick<PackRow, 'version' | 'run' | 'input_version' | 'sealed_content' | 'made_by'>,
): Promise<void> {
  await sql`
    with old as (
      delete from denial_packs where case_id = ${caseId} and approved_at is null and version <= ${row.version - DRAFTS_KEPT}
    )
    insert into denial_packs (tenant_id, case_id, version, run, input_version, sealed_content, made_by)
    values (${TENANT}, ${caseId}, ${row.version}, ${row.run}, ${row.input_version}, ${row.sealed_content}, ${row.made_by})`.execute(
    tx,
  )
}

export async function approvePack(
  tx: Tx,
  caseId: string,
  version: number,
  by: { manifest: Record<string, string>; approvedBy: string },
): Promise<void> {
  await sql`
    update denial_packs set manifest = ${JSON.stringify(by.manifest)}, approved_by = ${by.approvedBy}, approved_at = now()
    where case_id = ${caseId} and version = ${version} and approved_at is null`.execute(tx)
}

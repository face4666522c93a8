import { sql } from 'kysely'
import { prepared, type Tx, withinBytes } from '../../../platform/database/index.ts'
import type { Judgement } from './ticket.ts'
import { DIGEST, type StoredVersion } from './told-time.ts'

/** The live tickets of this origin among `externalIds`, as they are stored. */
export async function listStoredVersions(
  tx: Tx,
  externalIds: readonly string[],
  origin: string,
): Promise<StoredVersion[]> {
  const { rows } = await sql<StoredVersion>`${prepared('stored_versions')}
    select external_id, updated_at, compared_at is not null as is_ahead, ${DIGEST} as digest from tickets
    where external_id = any(${[...externalIds]}) and origin = ${origin} and deleted_at is null`.execute(tx)
  return rows
}

/** What an agent says instead of the rules. */
type Correction = Pick<Judgement, 'urgency' | 'sentiment' | 'requires_action'>
/** What is left out stays. */
type PartOfCorrection = { [Field in keyof Correction]?: Correction[Field] | undefined }

/** The three fields before and after, as rows of history; those of one change have one time. */
const changesOf = sql.raw(`cross join lateral (values
    ('urgency', old_urgency, new_urgency), ('sentiment', old_sentiment, new_sentiment),
    ('requires_action', old_action::text, new_action::text)
  ) as compared (field, old_value, new_value)`)
const OLD_AND_NEW = sql.raw(`new.tenant_id, new.ticket_id, old.urgency as old_urgency, new.urgency as new_urgency,
    old.sentiment as old_sentiment, new.sentiment as new_sentiment,
    old.requires_action as old_action, new.requires_action as new_action`)

/** Puts an agent's word over the rules', with history; what is left out stays. High urgency always requires action. */
export async function correctTicket(
  tx: Tx,
  ticketId: string,
  correction: PartOfCorrection,
  correctedBy: string,
): Promise<void> {
  const { urgency = null, sentiment = null, requires_action = null } = correction
  await sql`
    with corrected as (
      update tickets set
        urgency = coalesce(${urgency}, urgency), sentiment = coalesce(${sentiment}, sentiment),
        requires_action = coalesce(${urgency}, urgency) = 'high' or coalesce(${requires_action}::boolean, requires_action),
        corrected_at = clock_timestamp(), corrected_by = ${correctedBy}
      where ticket_id = ${ticketId}
      returning ${OLD_AND_NEW}
    )
    insert into ticket_history (tenant_id, ticket_id, action, field, old_value, new_value, changed_by, recorded_at)
    select tenant_id, ticket_id, 'updated', field, old_value, new_value, ${correctedBy}, at
    from corrected ${changesOf}
    cross join (select clock_timestamp() as at from (select count(*) from corrected) as all_of_them) as written
    where old_value is distinct from new_value`.execute(tx)
}

/** Takes an agent's word back; returns the ticket as it is, locked, for the rules to say what it means. */
export async function withdrawCorrection(tx: Tx, ticketId: string): Promise<OutdatedTicket | undefined> {
  const { rows } = await sql<OutdatedTicket>`
    update tickets set corrected_at = null, corrected_by = null
    where ticket_id = ${ticketId} and corrected_at is not null
    returning ticket_id, subject, message, ingested_at::text as as_of`.execute(tx)
  return rows[0]
}

/** Batches of tickets have an end by their texts, too: a thousand of a megabyte would stand in memory. */
const TEXT_BYTES = sql.raw('octet_length(subject) + octet_length(message)')

/** `as_of`: when it was stored, to the microsecond; its text changes with that, and need not with `updated_at`. */
type OutdatedTicket = { ticket_id: string; subject: string; message: string; as_of: string }

/** Tickets whose classification is not of these rules. Not locked: nobody's page has to wait while they are classified. */
export async function listOutdated(
  tx: Tx,
  page: { ruleVersion: string; after: string | undefined; limit: number },
): Promise<OutdatedTicket[]> {
  const { rows } = await withinBytes<OutdatedTicket>({
    order: sql`ticket_id`,
    bytes: TEXT_BYTES,
    rows: sql`
      select ticket_id, subject, message, ingested_at::text as as_of from tickets
      where rule_version is distinct from ${page.ruleVersion}
        and ${page.after === undefined ? sql`true` : sql`ticket_id > ${page.after}`}
      order by ticket_id limit ${page.limit}`,
  }).execute(tx)
  return rows
}

/**
 * Tenants behind `after`, in the order of their ids, that have rules of their own or tickets that are not of the shipped
 * ones. That costs a tenant two places in an index, its first and its last, which is null where one has none: asked for by
 * their order, because a condition would let PostgreSQL scan the table when it thinks that nearly all tickets fulfil it.
 */
export const tenantsToLookAt = (page: { baseVersion: string; after: string; limit: number }) => sql<{
  tenant_id: string
}>`
    select tenant_id from tenants
    where tenant_id > ${page.after} and (
      (select rule_version is distinct from ${page.baseVersion} from tickets as its
        where its.tenant_id = tenants.tenant_id order by rule_version limit 1)
      or (select rule_version is distinct from ${page.baseVersion} from tickets as its
        where its.tenant_id = tenants.tenant_id order by rule_version desc limit 1)
      or exists (select from rule_overrides as its where its.tenant_id = tenants.tenant_id))
    order by tenant_id limit ${page.limit}`

/** Every version that tickets of the tenant are of, from one to the next in the index; null: not classified. */
export const RULE_VERSIONS = sql<{ rule_version: string | null }>`
    with recursive versions as (
      (select rule_version from tickets order by rule_version limit 1)
      union all
      select (select rule_version from tickets where rule_version > versions.rule_version order by rule_version limit 1)
      from versions where rule_version is not null
    ), last as (
      select rule_version from tickets order by rule_version desc limit 1
    )
    select rule_version from versions where rule_version is not null
    union all
    select rule_version from last where rule_version is null`

/** What rules say about a ticket as it was then. */
type DatedJudgement = Judgement & Pick<OutdatedTicket, 'ticket_id' | 'as_of'>

/**
 * Stores what other rules say about tickets; returns how many mean something else now. A ticket that changed since it was
 * read is passed over: whoever changed it has classified it.
 */
export async function storeJudgements(
  tx: Tx,
  judgements: readonly DatedJudgement[],
  changedBy: string,
): Promise<number> {
  const { rows } = await sql<{ changed: number }>`
    with judged as (
      select * from jsonb_to_recordset(${JSON.stringify(judgements)}::jsonb) as page(
        ticket_id uuid, as_of timestamptz, urgency text, sentiment text, requires_action boolean, language text, keywords text[],
        rule_version text, matches jsonb)
    ), stored as (
      update tickets set
        urgency = case when corrected_at is null then judged.urgency else tickets.urgency end,
        sentiment = case when corrected_at is null then judged.sentiment else tickets.sentiment end,
        requires_action = case when corrected_at is null then judged.requires_action else tickets.requires_action end,
        language = judged.language, keywords = judged.keywords, rule_version = judged.rule_version, matches = judged.matches
      from judged where tickets.ticket_id = judged.ticket_id and tickets.ingested_at = judged.as_of
      returning ${OLD_AND_NEW}
    ), recorded as (
      insert into ticket_history (tenant_id, ticket_id, action, field, old_value, new_value, changed_by, recorded_at)
      select tenant_id, ticket_id, 'updated', field, old_value, new_value, ${changedBy}, at
      from stored ${changesOf}
      cross join (select clock_timestamp() as at from (select count(*) from stored) as all_of_them) as written
      where old_value is distinct from new_value
      returning ticket_id
    )
    select count(distinct ticket_id) as changed from recorded`.execute(tx)
  return rows[0]?.changed ?? 0
}

type CorrectedTicket = Correction & {
  ticket_id: string
  external_id: string
  subject: string
  message: string
  language: string | null
  corrected_at: Date
  corrected_by: string
}

/** Corrected tickets, the earliest correction first. */
export async function listCorrected(
  tx: Tx,
  page: { after: readonly [string, string] | undefined; limit: number },
): Promise<CorrectedTicket[]> {
  const { after, limit } = page
  const { rows } = await withinBytes<CorrectedTicket>({
    order: sql`corrected_at, ticket_id`,
    bytes: TEXT_BYTES,
    rows: sql`
      select ticket_id, external_id, subject, message, language, urgency, sentiment, requires_action, corrected_at, corrected_by
      from tickets
      where corrected_at is not null and deleted_at is null
        and ${after === undefined ? sql`true` : sql`(corrected_at, ticket_id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`}
      order by corrected_at, ticket_id limit ${limit}`,
  }).execute(tx)
  return rows
}

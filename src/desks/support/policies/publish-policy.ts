import { createHash } from 'node:crypto'
import { recordAudit } from '../../../core/audit/index.ts'
import type { ClocksApi } from '../../../core/clocks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { CalendarIds } from './document/compile-policy.ts'
import type { Policy } from './document/policy.ts'
import { type PolicyForm, readPolicy } from './document/read-policy.ts'
import { invalidPolicy, policyFault, versionNotFound } from './faults.ts'
import { findNewest, findVersion, insertVersion, lockPolicy, measureVersions, type VersionRow } from './store.ts'

/** All versions of a tenant are walked when its clocks are measured: thousands of usual ones fit. */
export const VERSION_BOUNDS = { count: 2_000, bytes: 8 * 1_024 * 1_024 } as const

/** What is done in the transaction that changes a tenant's policy: its clocks are measured again. */
export type PolicyChanged = (tx: Tx, tenantId: TenantId, changedBy: string) => Promise<void>
export type Publishing = Pick<ClocksApi, 'calendarsOf'> & { onChanged: PolicyChanged }

/** A policy that was read for a tenant, with the calendars that its names stand for. */
export type ReadyPolicy = { form: PolicyForm; written: string; policy: Policy; calendarIds: CalendarIds }

/**
 * Reads what a tenant wants to publish, against the calendars it has now.
 *
 * @throws policies.invalid with every problem
 */
export async function preparePolicy(
  { calendarsOf }: Pick<ClocksApi, 'calendarsOf'>,
  tx: Tx,
  tenantId: TenantId,
  document: unknown,
): Promise<ReadyPolicy> {
  const { names } = await calendarsOf(tx, tenantId)
  const read = readPolicy(document, new Set(names.keys()))
  if ('problems' in read) throw invalidPolicy(read.problems)
  return { ...read, written: textOf(document), calendarIds: calendarIdsOf(read.policy, names) }
}

/** As it came; what came as JSON is written as people would. */
const textOf = (document: unknown): string =>
  typeof document === 'string' ? document : JSON.stringify(document, null, 2)

export const hashOf = (written: string): string => createHash('sha256').update(written).digest('hex')

function calendarIdsOf({ rules, calendars }: Policy, names: ReadonlyMap<string, string>): CalendarIds {
  const named = rules.flatMap(({ targets }) => Object.values(targets).flatMap((terms) => terms?.calendar ?? []))
  return Object.fromEntries(
    [...new Set(named)].flatMap((name) => {
      const id = name === 'always' || Object.hasOwn(calendars, name) ? undefined : names.get(name)
      return id === undefined ? [] : [[name, id]]
    }),
  )
}

type Who = { tenantId: TenantId; changedBy: string; note?: string | undefined }

/**
 * Puts a policy in force from now on; the versions before it stay. What is written as the one in force makes no version.
 *
 * @throws policies.invalid, policies.changed when `version` is not in force any more, policies.too_many_versions
 */
export async function publishPolicy(
  publishing: Publishing,
  tx: Tx,
  who: Who,
  wanted: { document: unknown; version?: number | undefined },
): Promise<void> {
  await lockPolicy(tx)
  const ready = await preparePolicy(publishing, tx, who.tenantId, wanted.document)
  const before = await findNewest(tx)
  demandVersion(before, wanted.version)
  const content_hash = hashOf(ready.written)
  if (before?.content_hash === content_hash && sameCalendars(before.calendar_ids, ready.calendarIds)) return
  await addVersion(publishing, tx, who, { ...ready, content_hash })
}

/** One click back: what an earlier version says becomes the next one. @throws policies.version_not_found, policies.invalid */
export async function restoreVersion(publishing: Publishing, tx: Tx, who: Who, version: number): Promise<void> {
  await lockPolicy(tx)
  const wanted = await findVersion(tx, version)
  if (!wanted) throw versionNotFound()
  if (wanted.written === null) return followOperator(publishing, tx, who)
  return publishPolicy(publishing, tx, { note: `as version ${version}`, ...who }, { document: wanted.written })
}

/** The operator's policy holds from now on, and whatever it becomes. */
export async function followOperator(publishing: Publishing, tx: Tx, who: Who, version?: number): Promise<void> {
  await lockPolicy(tx)
  const before = await findNewest(tx)
  demandVersion(before, version)
  if (!before?.policy) return
  const nothing = { form: null, written: null, content_hash: null, policy: null } as const
  await addVersion(publishing, tx, who, { ...nothing, calendarIds: {} })
}

type Next = Omit<Parameters<typeof insertVersion>[1], 'version' | 'note' | 'madeBy'>

async function addVersion({ onChanged }: Publishing, tx: Tx, who: Who, next: Next): Promise<void> {
  const { own, count, bytes } = await measureVersions(tx)
  if (count >= VERSION_BOUNDS.count || bytes >= VERSION_BOUNDS.bytes) throw tooManyVersions(count)
  const version = own + 1
  const { tenantId, changedBy, note = null } = who
  await insertVersion(tx, { ...(next as Parameters<typeof insertVersion>[1]), version, note, madeBy: changedBy })
  const details = { version, content_hash: next.content_hash }
  const [action, subject] = [next.policy === null ? 'sla.follow_operator' : 'sla.publish_policy', 'sla:policy']
  await recordAudit(tx, { tenantId, actor: changedBy, action, subject, details })
  await onChanged(tx, tenantId, changedBy)
}

const sameCalendars = (one: CalendarIds, other: CalendarIds) =>
  Object.keys(one).length === Object.keys(other).length && Object.entries(one).every(([name, id]) => other[name] === id)

function demandVersion(before: VersionRow | undefined, version: number | undefined): void {
  const inForce = before?.version ?? 0
  if (version === undefined || version === inForce) return
  throw policyFault('policies.changed', {
    public: `Somebody has changed the policy meanwhile: version ${inForce} is in force. Read it again and repeat the change.`,
    internal: 'a policy was changed on the grounds of an old version',
    extensions: { version: inForce },
  })
}

const tooManyVersions = (count: number) =>
  policyFault('policies.too_many_versions', {
    public: `This tenant has ${count} versions of its policy, as many as are kept. Versions go three years after they were replaced; publish fewer, or smaller ones.`,
    internal: `a tenant has ${count} versions of its policy`,
  })

import type { z } from 'zod'
import type { ClocksApi } from '../../../core/clocks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import { presentPolicy } from './computed-view.ts'
import { DEFAULT_POLICY_TEXT, defaultPolicy } from './document/default-policy.ts'
import { versionNotFound } from './faults.ts'
import { hashOf } from './publish-policy.ts'
import { findNewest, findNewestDefault, findVersion } from './store.ts'
import { type HeldDefault, type PolicyView, presentMatrix } from './view.ts'

/** What holds for all who have no policy of their own; before any process wrote it down, what ships with the program. */
export const findDefault = async (tx: Tx | SystemTx): Promise<HeldDefault> =>
  (await findNewestDefault(tx)) ?? {
    ...{ version: 0, source: 'built_in', path: null, form: 'signalbox', written: DEFAULT_POLICY_TEXT },
    ...{ content_hash: hashOf(DEFAULT_POLICY_TEXT), policy: defaultPolicy(), loaded_by: null, in_force_from: null },
  }

/**
 * The policy that a tenant's clocks are measured by now, or an earlier version of it. One that follows the operator is shown as what the
 * operator's policy is now.
 *
 * @throws policies.version_not_found
 */
export async function showPolicy(
  { calendarsOf }: Pick<ClocksApi, 'calendarsOf'>,
  tx: Tx,
  tenantId: TenantId,
  version?: number,
): Promise<z.output<typeof PolicyView>> {
  const newest = version === undefined ? await findNewest(tx) : await findVersion(tx, version)
  if (version !== undefined && !newest) throw versionNotFound()
  const { names } = await calendarsOf(tx, tenantId)
  const chosen = new Set(names.values())
  const common = { version: newest?.version ?? 0, note: newest?.note ?? null }
  if (newest && newest.policy !== null) {
    const { policy, form, written } = newest
    return {
      ...{ ...common, follows: 'own', source: 'tenant', source_version: newest.version, form, written },
      ...{ hash: newest.content_hash, loaded_at: newest.in_force_from.toISOString(), changed_by: newest.made_by },
      ...{ policy: presentPolicy(policy), matrix: presentMatrix(policy) },
      calendars: Object.entries(newest.calendar_ids).map(([name, calendar_id]) => ({
        ...{ name, calendar_id, is_removed: !chosen.has(calendar_id) },
      })),
    }
  }
  const held = await findDefault(tx)
  const since = [held.in_force_from, newest?.in_force_from].flatMap((at) => at?.getTime() ?? [])
  return {
    ...{ ...common, follows: 'operator', source: held.source, source_version: held.version, form: held.form },
    ...{ hash: held.content_hash, written: held.written, calendars: [] },
    loaded_at: since.length > 0 ? new Date(Math.max(...since)).toISOString() : null,
    changed_by: newest?.made_by ?? 'operator',
    ...{ policy: presentPolicy(held.policy), matrix: presentMatrix(held.policy) },
  }
}

import { createHash } from 'node:crypto'
import {
  ALWAYS,
  type Calendar,
  type CalendarDocument,
  type ClocksApi,
  openCalendar,
  type TermsInForce,
} from '../../../core/clocks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { type Assign, compileAssignments } from './document/assign.ts'
import { compilePolicy, type DefaultVersion, type OwnVersion, type PolicyVersions } from './document/compile-policy.ts'
import { defaultPolicy } from './document/default-policy.ts'
import type { Policy } from './document/policy.ts'
import { findNewest, findNewestDefault, listComputed, listDefaults, newestVersions } from './store.ts'

/** Tenants whose policies are kept compiled, and characters of them: all versions that each of them ever had. */
const KEPT = { tenants: 200, characters: 32_000_000 } as const

export type PoliciesInForce = {
  /** What clocks of the tenant are measured by; two statements while nothing has changed. */
  terms(tx: Tx, tenantId: TenantId): Promise<TermsInForce>
  /** How tickets get a priority and a tier that come without them, by the policy of now. */
  assigning(tx: Tx): Promise<Assign>
  /** What held if `policy` came into force at `fromMs`. */
  supposing(tx: Tx, tenantId: TenantId, supposed: Omit<OwnVersion, 'version'>): Promise<TermsInForce>
}

type Compiled = TermsInForce & { own: number; defaults: number; calendars: string; characters: number }

/** Policies of tenants, compiled. What processes know is compared by the numbers of versions each time: no two of them disagree. */
export function policiesInForce({ calendarsOf }: Pick<ClocksApi, 'calendarsOf'>): PoliciesInForce {
  const always = openCalendar(ALWAYS)
  const kept = new Map<TenantId, Compiled>()
  const defaults = new Map<number, DefaultVersion>()
  const opened = new WeakMap<CalendarDocument, Calendar>()
  const assigns = new WeakMap<Policy, Assign>()
  const openOwn = (document: CalendarDocument): Calendar => {
    const calendar = opened.get(document) ?? openCalendar(document)
    opened.set(document, calendar)
    return calendar
  }
  const readVersions = async (tx: Tx, tenantId: TenantId, newest: number): Promise<PolicyVersions> => {
    const known = Math.max(0, ...defaults.keys())
    if (newest > known) {
      for (const { version, policy, in_force_from } of await listDefaults(tx, known))
        defaults.set(version, { version, policy, fromMs: in_force_from.getTime() })
    }
    // Until a scheduler has written the first one, what ships with the program holds.
    const all = [...defaults.values()].filter(({ version }) => version <= newest)
    const own = (await listComputed(tx)).map(
      ({ version, policy, calendar_ids: calendarIds, in_force_from }): OwnVersion => ({
        ...{ version, policy, calendarIds, fromMs: in_force_from.getTime() },
      }),
    )
    return {
      ...{ own, openOwn, always, calendars: await calendarsOf(tx, tenantId) },
      defaults: all.length > 0 ? all : [{ version: 0, fromMs: 0, policy: defaultPolicy() }],
    }
  }
  return {
    terms: async (tx, tenantId) => {
      const newest = await newestVersions(tx)
      const calendars = (await calendarsOf(tx, tenantId)).key
      const known = kept.get(tenantId)
      kept.delete(tenantId)
      const isSame = known && known.own === newest.own && known.defaults === newest.defaults
      if (known && isSame && known.calendars === calendars) {
        kept.set(tenantId, known)
        return known
      }
      const versions = await readVersions(tx, tenantId, newest.defaults)
      const characters = versions.own.reduce((sum, { policy }) => sum + JSON.stringify(policy).length, 0)
      const key = keyOf(newest, calendars)
      const compiled = { ...compilePolicy(versions), ...newest, key, calendars, characters }
      kept.set(tenantId, compiled)
      makeRoom(kept)
      return compiled
    },
    assigning: async (tx) => {
      const policy = (await findNewest(tx))?.policy ?? (await findNewestDefault(tx))?.policy ?? defaultPolicy()
      const assign = assigns.get(policy) ?? compileAssignments(policy)
      assigns.set(policy, assign)
      return assign
    },
    supposing: async (tx, tenantId, supposed) => {
      const newest = await newestVersions(tx)
      const versions = await readVersions(tx, tenantId, newest.defaults)
      const own = [...versions.own, { ...supposed, version: newest.own + 1 }]
      return { ...compilePolicy({ ...versions, own }), key: 'supposed' }
    },
  }
}

/** The same for the same versions; clocks keep it, so it is short. */
const keyOf = ({ own, defaults }: { own: number; defaults: number }, calendars: string): string =>
  `${own}/${defaults}/${createHash('sha256').update(calendars).digest('hex').slice(0, 32)}`

/** The ones that were asked for longest ago go first; the last one stays, however large it is. */
function makeRoom(kept: Map<TenantId, Compiled>): void {
  let characters = [...kept.values()].reduce((sum, one) => sum + one.characters, 0)
  for (const [tenantId, one] of kept) {
    if (kept.size === 1 || (kept.size <= KEPT.tenants && characters <= KEPT.characters)) return
    kept.delete(tenantId)
    characters -= one.characters
  }
}

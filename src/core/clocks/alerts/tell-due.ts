import { randomUUID } from 'node:crypto'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { uuidsV7 } from '../../../kernel/uuid.ts'
import { type Database, type Tx, together } from '../../../platform/database/index.ts'
import { raiseSignals, resolveSignals } from '../../signals/index.ts'
import { afterTelling, type Measured } from '../subjects/measure.ts'
import { measureLocked, type OfKind } from '../subjects/measure-again.ts'
import { holdVersions, nowOf } from '../subjects/store.ts'
import type { SubjectKinds, SubjectView } from '../subjects/subject-kind.ts'
import { writeMeasured } from '../subjects/write-measured.ts'
import { signalOf, signalOfMany, sortTellings, type Telling } from './compose-signal.ts'
import { claimDue, endAlerts, lockSignals, type Noted, noteAlerts, type Over } from './store.ts'

export type TellingOptions = {
  database: Database
  kinds: SubjectKinds
  /** As many of one sort are told one by one; more are one signal. */
  togetherMax: number
}

/** What one transaction did. */
export type Told = {
  /** Subjects that were due and not in other hands. */
  claimed: number
  /** Of each alert, how many milliseconds after its instant it was told. */
  lateness: readonly number[]
}

/** Subjects that are claimed by one transaction; also the most that one signal tells of. */
export const CLAIM_MAX = 1_000

/**
 * Claims what is due of a tenant, measures it, raises signals for what was reached and resolves those whose cause went away: all in one
 * transaction. Whoever is killed on the way has done nothing.
 */
export function tellDue({ database, kinds, togetherMax }: TellingOptions, tenantId: TenantId): Promise<Told> {
  return database.withTenant(tenantId, async (tx) => {
    const [, , claimed] = await together(tx, [lockSignals, holdVersions, claimDue(CLAIM_MAX)])
    const lateness: number[] = []
    for (const [name, rows] of Map.groupBy(claimed, ({ kind }) => kind)) {
      const of = { tenantId, kind: kinds.of(name) }
      const subjectIds = rows.map(({ subject_id }) => subject_id)
      const { terms, measured } = await measureLocked(tx, of, { subjectIds, nowMs: nowOf(rows) })
      lateness.push(...(await tell(tx, of, measured, togetherMax)))
      await together(tx, writeMeasured(name, terms.key, measured.map(afterTelling)))
    }
    return { claimed: claimed.length, lateness }
  })
}

async function tell(tx: Tx, of: OfKind, measured: readonly Measured[], togetherMax: number): Promise<number[]> {
  const kind = of.kind.name
  const over = measured.flatMap(({ subjectId, over }): Over[] => over.map((alert) => ({ ...alert, subjectId })))
  if (over.length > 0) {
    const [ended] = await together(tx, [endAlerts(kind, over)])
    await resolveSignals(
      tx,
      ended.map(({ signal_id }) => signal_id),
    )
  }
  const tellings = measured.flatMap(({ subjectId, nowMs, due }) =>
    due.map((alert): Telling => ({ ...alert, kind, subjectId, nowMs })),
  )
  if (tellings.length === 0) return []
  const { single, many } = sortTellings(
    tellings.filter(({ isPassedOver }) => !isPassedOver),
    togetherMax,
  )
  const ids = uuidsV7(single.length + many.length, tellings[0]?.nowMs ?? 0)
  const noted: Noted[] = [
    ...tellings.filter(({ isPassedOver }) => isPassedOver).map((telling) => ({ telling, signalId: null })),
    ...single.map((telling, place) => ({ telling, signalId: ids[place] ?? null })),
    ...many.flatMap((sort, place) =>
      sort.map((telling) => ({ telling, signalId: ids[single.length + place] ?? null })),
    ),
  ]
  const [rows] = await together(tx, [noteAlerts(noted)])
  const isNew = new Set(rows.map((row) => keyOf(row.subject_id, row)))
  const news = ({ subjectId, clock, threshold }: Telling) =>
    isNew.has(keyOf(subjectId, { target: clock.target, round: clock.round, threshold }))
  const views = await viewsOf(tx, of, [...single, ...many.flat()].filter(news))
  await raiseSignals(tx, [
    ...single.flatMap((telling, place) =>
      news(telling) ? [{ ...signalOf(telling, views.get(telling.subjectId)), signalId: ids[place] }] : [],
    ),
    ...many.flatMap((sort, place) => {
      const tellings = sort.filter(news)
      if (tellings.length === 0) return []
      return [{ ...signalOfMany(tellings, views, randomUUID()), signalId: ids[single.length + place] }]
    }),
  ])
  return noted.flatMap(({ telling, signalId }) => {
    return signalId !== null && news(telling) ? [telling.nowMs - telling.reachedMs] : []
  })
}

async function viewsOf(tx: Tx, of: OfKind, tellings: readonly Telling[]): Promise<ReadonlyMap<string, SubjectView>> {
  if (tellings.length === 0) return new Map()
  return of.kind.describe(tx, of.tenantId, [...new Set(tellings.map(({ subjectId }) => subjectId))])
}

const keyOf = (subjectId: string, { target, round, threshold }: { target: string; round: number; threshold: string }) =>
  `${subjectId} ${target} ${round} ${threshold}`

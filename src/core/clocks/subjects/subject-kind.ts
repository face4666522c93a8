import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { SkewRule } from '../clock/event.ts'
import type { ClockTarget, TermsAt, TermsChange } from '../clock/terms.ts'

/** What clocks of a tenant are measured by: versions of policies and calendars, from when on each held. */
export type TermsInForce = {
  /** Names all that follows, at most 200 characters: with the same key `termsAt` answers the same. Another version makes another key. */
  key: string
  termsAt: TermsAt
  changes: readonly TermsChange[]
}

/** What signals say of a subject. */
export type SubjectView = {
  /** For sentences, e.g. `ticket T-1000`. */
  name: string
  /** e.g. `{ external_id, subject, customer, tier, priority }`. */
  facts: Readonly<Record<string, unknown>>
  /** Where it can be looked at. */
  link?: string | undefined
}

/** A kind of thing that clocks run for, declared once by the desk whose it is. */
export type SubjectKind = {
  /** e.g. `ticket`; also the first half of `ticket:<id>` in signals. Never changed. */
  name: string
  targets: readonly ClockTarget[]
  /** Statuses in which the work is done. */
  done: ReadonlySet<string>
  /** Asked once a transaction that measures: keep what never changes, by its key. */
  terms(tx: Tx, tenantId: TenantId): Promise<TermsInForce>
  /** Asked for those that somebody is told of; who is missing is told of by id. */
  describe(tx: Tx, tenantId: TenantId, subjectIds: readonly string[]): Promise<ReadonlyMap<string, SubjectView>>
  skew?: SkewRule
}

export type SubjectKinds = {
  /** Throws when the name is taken. */
  declare(kind: SubjectKind): void
  /** Throws when nobody declared it. */
  of(name: string): SubjectKind
  all(): readonly SubjectKind[]
}

export function subjectKinds(): SubjectKinds {
  const kinds = new Map<string, SubjectKind>()
  return {
    declare: (kind) => {
      if (kinds.has(kind.name)) throw new Error(`two desks declare clocks of the kind ${kind.name}`)
      kinds.set(kind.name, kind)
    },
    of: (name) => {
      const kind = kinds.get(name)
      if (!kind) throw new Error(`no desk declares clocks of the kind ${name}`)
      return kind
    },
    all: () => [...kinds.values()],
  }
}

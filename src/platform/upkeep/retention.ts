/** What becomes of the rows of a table. Everything that grows says so, and a table that says nothing fails a test. */
export type Retention = Aged | Followed | Stepped | Kept

/** SQL over a row of the table. */
type Expression = string

/** Rows that grow old are removed, a heap at a time. */
export type Aged = {
  becomes: 'removed'
  /** Which rows, for people, e.g. `tasks that have ended`. */
  what: string
  /** Why so long. */
  why: string
  /** How long they are kept; less than a day for what nobody looks at. */
  days: number
  /** Since when a row is old. Null: it is not. */
  since: Expression
  /** What holds for rows that may go: nothing that is live fulfils it. */
  when?: Expression
  /** Rows that one statement removes, where each is much. */
  rowsAtOnce?: number
  /** Which rows there are. Absent: a tenant's, and it may choose how long. */
  scope: OfTenant | OfAll
}

/** A tenant chooses how long its own are kept. */
export type OfTenant = {
  of: 'tenant'
  /** The least and the most it may choose. */
  least: number
  most: number
  /** The id that, with tenant_id, names a row. */
  id: string
  /**
   * How the oldest are found. `id`: as UUIDs of version 7, ids tell when a row was made, and rows get old in about the order in
   * which they were made. `since`: by an index on tenant_id and that expression.
   */
  found: 'id' | 'since'
  /** Who may remove them: the tenant's own transactions, or only the system. */
  by?: 'tenant' | 'system'
  /** Called before any row is locked, where others lock it first. */
  lock?: Expression
}

/** The same for everybody. */
export type OfAll = { of: 'all'; key: readonly string[] }

/** Goes with the row of another table that it belongs to: by a foreign key or a trigger. */
type Followed = { becomes: 'removed with'; table: string; what: string; why: string }
/** Removed by a step of its module's own: as soon as they are what `what` says, or `days` later. */
type Stepped = { becomes: 'removed by'; step: string; what: string; why: string; days?: number }
/** Not removed. `why` says what bounds it, or that it is what the system is for. */
type Kept = { becomes: 'kept'; what: string; why: string }

/** By table, with its schema where that is not `public`; `schema.*` stands for all of a schema. */
export type RetentionByTable = Readonly<Record<string, Retention>>

/** Everything that the parts say about their tables. Throws when two speak of one table. */
export function retentionOf(parts: readonly { name: string; retention?: RetentionByTable }[]): RetentionByTable {
  const all = new Map<string, Retention>()
  for (const { name, retention } of parts) {
    for (const [table, what] of Object.entries(retention ?? {})) {
      if (all.has(table)) throw new Error(`${name} speaks of the table ${table}, of which another part speaks too`)
      all.set(table, what)
    }
  }
  return Object.fromEntries(all)
}

import type { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'

/**
 * `safe` is applied at once. `confirm` is applied with the token of its preview alone. `never` is `confirm` that an assistant
 * may not do at all: a person applies it by hand.
 */
export const RISKS = ['safe', 'confirm', 'never'] as const
export type Risk = (typeof RISKS)[number]

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Somebody who notices. `effect`: what it means for them, as a sentence without their name. */
export type Affected = { kind: string; id: string; name: string; effect: string }
/** `cents`: what it costs more, in the tenant's currency; negative is less. */
export type Money = { what: string; cents: number }
/** A time that moves: ISO 8601, null where there is none. */
export type ClockMove = { what: string; was: string | null; becomes: string | null }

/** What a change says of itself; the rows that it wrote are found out by the database. */
export type Change = {
  /** What it was done to, as `<thing>:<id>`. */
  subject: string
  /** What is done, a sentence. */
  summary: string
  /** What the caller goes on with, e.g. the id of what was made. */
  result?: Readonly<Record<string, Json>>
  people?: readonly Affected[]
  money?: readonly Money[]
  clocks?: readonly ClockMove[]
  warnings?: readonly string[]
  /** What decided besides the rows that were written: when it is another one by the time of applying, that is refused. */
  saw?: Readonly<Record<string, Json>>
}

export type ActionContext = {
  tenantId: TenantId
  /** `operator`, `person:<id>`, `key:<id>`, or `system` for what is done by a clock. */
  actor: string
  /** The same through all steps of a plan. */
  now: Date
  /** The tenant's zone. */
  zone: string
}

/** A change that people may make, declared once. Preview and apply run the same `change`. */
export type Action<Parameters = unknown> = {
  /** `<thing>.<verb>`; never changed once released: receipts carry it. */
  readonly name: string
  readonly summary: string
  readonly permission: `${string}.${string}`
  /** A strict object; what callers see as JSON Schema. */
  readonly parameters: z.ZodType<Parameters>
  readonly risk: Risk
  /** Where it is offered: `trip`, `vehicle`, `day`, … */
  readonly places: readonly string[]
  /** How often one person may do it on a day of the tenant's zone. */
  readonly limitPerDay?: number
  /** How long it can be taken back, row by row. Absent: not at all. */
  readonly undoWithinMinutes?: number
  /** Permissions besides its own that these parameters need. */
  readonly alsoNeeds?: (tx: Tx, parameters: Parameters) => Promise<readonly string[]>
  /**
   * Makes the change, or throws the fault that says why not. Everything it does is in `tx`: a preview takes it back. The same
   * state and parameters have to give the same change, but for new ids and `now`.
   */
  readonly change: (tx: Tx, context: ActionContext, parameters: Parameters) => Promise<Change>
}

/** An action of any parameters, as lists of them are. */
export type AnyAction = Action<never>

export const defineAction = <Parameters>(action: Action<Parameters>): AnyAction => action as unknown as AnyAction

/** A step of a plan: which action, with what. */
export type Step = { action: string; parameters: Readonly<Record<string, unknown>> }

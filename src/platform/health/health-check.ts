import { z } from 'zod'
import type { Database } from '../database/index.ts'

export const HEALTH_STATUSES = ['ok', 'degraded', 'failing'] as const
export type HealthStatus = (typeof HEALTH_STATUSES)[number]

type Values<Fields extends z.ZodRawShape> = { [Name in keyof Fields]: z.output<Fields[Name]> | null }

/** Something the system depends on, and how to find out how it does. */
export type HealthCheck<Fields extends z.ZodRawShape = z.ZodRawShape> = {
  /** Its key in the answer, in snake_case. */
  name: string
  /** Whether the system is down without it: when it fails, `/health` answers 503. */
  critical: boolean
  /** What its states mean, for the API's documentation. */
  about: string
  /** What the public page tells besides the status; anything else that a probe returns is cut off. Null when not known. */
  fields: Fields
  /**
   * Looks. `database` has connections of its own, so that a crowd of requests does not make the check fail, and ends a
   * statement after a second. A probe that throws or is not done when `signal` aborts is `failing`.
   */
  probe(database: Database, signal: AbortSignal): Promise<{ status: HealthStatus } & Values<Fields>>
}

/** A check, with what its probe returns held to its fields. */
export function healthCheck<const Fields extends z.ZodRawShape>(check: HealthCheck<Fields>): HealthCheck {
  return check as unknown as HealthCheck
}

/** What the page tells about a check. */
export type CheckResult = { status: HealthStatus; critical: boolean } & Record<string, unknown>

/** The schema of {@link CheckResult} for this check. */
export const checkSchema = ({ about, fields }: HealthCheck) =>
  z
    .object({
      status: z.enum(HEALTH_STATUSES),
      critical: z.boolean(),
      ...Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, (schema as z.ZodType).nullable()])),
    })
    .meta({ description: about })

import type { ClientConfig } from 'pg'
import { UnusableDatabaseError } from './faults.ts'
import { ROLES, type Role } from './roles.ts'

export type TimeLimits = {
  /** For a connection: until a new one is there, or another caller gives theirs back. */
  connectMs: number
  /** After which the server ends a statement, or a transaction in which nothing is asked. */
  statementMs: number
  /** Past the server's own bound: only a connection that has silently died reaches it, and is given up. */
  answerMs: number
}

export const SERVING_LIMITS: TimeLimits = { connectMs: 10_000, statementMs: 30_000, answerMs: 35_000 }

/**
 * The settings of a connection that acts as `role`, has time limits and names itself for pg_stat_activity.
 *
 * A URL may carry server options of its own (`?options=…`, as hosted databases ask for). pg lets those replace ours, and
 * with ours would go the role, and with the role row-level security: they are taken out of the URL and put before ours.
 */
export function connectionSettings(
  url: string,
  role: Role,
  purpose: string,
  { connectMs, statementMs, answerMs }: TimeLimits = SERVING_LIMITS,
): ClientConfig {
  const address = new URL(url)
  const theirs = address.searchParams.get('options')
  address.searchParams.delete('options')
  return {
    connectionString: address.href,
    application_name: `signalbox ${purpose}`,
    connectionTimeoutMillis: connectMs,
    query_timeout: answerMs,
    keepAlive: true,
    options: [
      ...(theirs ? [theirs] : []),
      `-c role=${role}`,
      `-c statement_timeout=${statementMs}`,
      `-c idle_in_transaction_session_timeout=${statementMs}`,
      '-c TimeZone=UTC',
    ].join(' '),
  }
}

/** What a new connection is asked before anybody gets it: a pooler between us and the server may drop our settings. */
export const WHO_AM_I = `
  select current_user as role, (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as bypasses,
    pg_has_role(current_user, '${ROLES.owner}', 'USAGE') as owns`

export type WhoAmI = { role: string; bypasses: boolean; owns: boolean }

/** An error when the connection does not act as `role` alone: tenants would not be kept apart on it. */
export function refuseWrongRole(found: WhoAmI | undefined, role: Role): UnusableDatabaseError | undefined {
  if (found && found.role === role && !found.bypasses && !found.owns) return undefined
  return new UnusableDatabaseError(
    `A connection should act as ${role} but acts as ${found?.role ?? 'nobody known'}. Does a pooler drop the startup options of DATABASE_URL? Connect to PostgreSQL directly, or through a pooler that passes them on.`,
  )
}

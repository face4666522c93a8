import type { BetterAuthOptions } from 'better-auth'
import { bearer } from 'better-auth/plugins/bearer'
import type { Kysely } from 'kysely'
import type { Logger } from '../../kernel/logger.ts'
import type { DB } from '../../platform/database/index.ts'

export const SESSION_DAYS = 7

export type IdentityOptions = {
  kysely: Kysely<DB>
  /** Signs session tokens and cookies. */
  secret: string
  /** Where callers reach us; https makes cookies Secure. */
  publicUrl: string
  logger: Logger
}

/** better-auth, reduced to people, passwords and sessions in the schema `identity`. */
export function identityOptions({ kysely, secret, publicUrl, logger }: IdentityOptions) {
  return {
    appName: 'Signalbox',
    baseURL: publicUrl,
    secret,
    database: { db: kysely, type: 'postgres', schemaName: 'identity', transaction: true },
    emailAndPassword: { enabled: true, autoSignIn: false, minPasswordLength: 12, maxPasswordLength: 128 },
    // Without the signature a session token is the plain content of a row: whoever read the table could act as anybody.
    plugins: [bearer({ requireSignature: true })],
    session: {
      expiresIn: SESSION_DAYS * 86_400,
      // A session ends when it said it would: nothing is written while answering, and the cookie never outlives it.
      disableSessionRefresh: true,
      cookieCache: { enabled: false },
      fields: {
        expiresAt: 'expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        userId: 'user_id',
      },
    },
    user: { fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' } },
    account: {
      fields: {
        accountId: 'account_id',
        providerId: 'provider_id',
        userId: 'user_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    verification: { fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' } },
    advanced: {
      cookiePrefix: 'signalbox',
      database: { generateId: 'uuid' },
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
    },
    telemetry: { enabled: false },
    // Our own limit stands before sign-in; better-auth's handler is not mounted, so its limit would never run.
    rateLimit: { enabled: false },
    logger: {
      level: 'error',
      disableColors: true,
      // Only the message and an error: the other arguments may hold an e-mail address or a session.
      log: (_level, message, ...details) =>
        logger.error({ component: 'identity', err: details.find((detail) => detail instanceof Error) }, message),
    },
  } as const satisfies BetterAuthOptions
}

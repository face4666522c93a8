import { createHash } from 'node:crypto'
import type { BetterAuthOptions } from 'better-auth'
import { bearer } from 'better-auth/plugins/bearer'
import { twoFactor } from 'better-auth/plugins/two-factor'
import type { Kysely } from 'kysely'
import type { Logger } from '../../kernel/logger.ts'
import type { DB } from '../../platform/database/index.ts'

export const SESSION_DAYS = 7
/** For how long a right password waits for its code. */
export const CHALLENGE_MINUTES = 10

export type IdentityOptions = {
  kysely: Kysely<DB>
  /** The first signs session tokens and cookies, and encrypts; what the others have encrypted can still be read. */
  secrets: readonly string[]
  /** Where callers reach us; https makes cookies Secure. */
  publicUrl: string
  logger: Logger
}

/** better-auth, reduced to people, passwords and sessions in the schema `identity`. */
export function identityOptions({ kysely, secrets, publicUrl, logger }: IdentityOptions) {
  return {
    appName: 'Signalbox',
    baseURL: publicUrl,
    secrets: secrets.map((value) => ({ version: versionOf(value), value })),
    database: { db: kysely, type: 'postgres', schemaName: 'identity', transaction: true },
    emailAndPassword: { enabled: true, autoSignIn: false, minPasswordLength: 12, maxPasswordLength: 128 },
    // Without the signature a session token is the plain content of a row: whoever read the table could act as anybody.
    plugins: [
      bearer({ requireSignature: true }),
      twoFactor({
        issuer: 'Signalbox',
        // Our own limit bounds wrong codes: a lock would let whoever knows the password keep its owner out.
        accountLockout: { enabled: false },
        twoFactorCookieMaxAge: CHALLENGE_MINUTES * 60,
        schema: {
          user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
          twoFactor: {
            modelName: 'two_factor',
            fields: {
              backupCodes: 'backup_codes',
              userId: 'user_id',
              failedVerificationCount: 'failed_verification_count',
              lockedUntil: 'locked_until',
            },
          },
        },
      }),
    ],
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

/** Names a secret in what it has encrypted; the same in every process, and without saying anything about it. */
const versionOf = (secret: string): number =>
  createHash('sha256').update(`identity ${secret}`).digest().readUIntBE(0, 6)

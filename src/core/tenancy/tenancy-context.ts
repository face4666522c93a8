import type { Database } from '../../platform/database/index.ts'
import type { Allowances } from '../../platform/resilience/index.ts'
import type { AttemptLimit } from './attempt-limit.ts'
import type { Identity } from './identity.ts'
import type { PermissionCatalogue } from './roles.ts'
import type { TenancyMail } from './tenancy-mail.ts'
import type { Tokens } from './tokens/open-tokens.ts'

/** What this module’s use cases share. */
export type TenancyContext = {
  database: Database
  identity: Identity
  catalogue: PermissionCatalogue
  limit: AttemptLimit
  allowances: Allowances
  mail: TenancyMail
  tokens: Tokens
  /** Origins besides the request's own host whose pages may act with a cookie. */
  trustedOrigins: ReadonlySet<string>
  /** Whether callers reach us over https: cookies are Secure then. */
  isSecure: boolean
}

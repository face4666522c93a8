import { z } from 'zod'

export const SecretName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)

/** What a sealed secret is bound to: moved to another tenant, name or host, it does not open. */
export const secretContext = (tenantId: string, name: string, host: string) =>
  `request_secret:${tenantId}:${name}:${host}`

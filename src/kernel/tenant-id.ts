declare const brand: unique symbol

/** The human-readable name of a tenant, e.g. `tenant_a`: its key in every table and in every address. */
export type TenantId = string & { readonly [brand]: 'TenantId' }

/** 1 to 63 characters: a lower-case letter or digit, then also `_` and `-`. */
export const TENANT_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/

export function isTenantId(text: unknown): text is TenantId {
  return typeof text === 'string' && TENANT_ID_PATTERN.test(text)
}

/** Throws when `text` is not a tenant id; for values that were checked before and must not have changed. */
export function tenantId(text: string): TenantId {
  if (!isTenantId(text)) throw new Error(`Not a tenant id: ${JSON.stringify(text.slice(0, 80))}`)
  return text
}

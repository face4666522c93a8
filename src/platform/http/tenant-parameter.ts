import { z } from 'zod'
import { TENANT_ID_PATTERN, type TenantId } from '../../kernel/tenant-id.ts'

/** A tenant id in a path, query or body. */
export const TenantIdField = z
  .string()
  .regex(TENANT_ID_PATTERN, 'must be 1 to 63 lower-case letters, digits, _ or -, starting with a letter or digit')
  .meta({ description: 'The tenant’s human-readable id', example: 'tenant_a' }) as unknown as z.ZodType<
  TenantId,
  string
>

/** The query parameter that every tenant's route takes. */
export const TenantQuery = { tenant_id: TenantIdField }

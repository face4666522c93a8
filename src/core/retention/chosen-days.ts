import type { Aged, OfTenant, RetentionByTable } from '../../platform/upkeep/index.ts'

/** Rows of tenants that grow old. */
export type AgedOfTenant = Aged & { scope: OfTenant }

const isOfTenant = (retention: RetentionByTable[string]): retention is AgedOfTenant =>
  retention.becomes === 'removed' && retention.scope.of === 'tenant'

/** What tenants choose about, by table, in the order of the tables' names. */
export const choosable = (retention: RetentionByTable): [table: string, AgedOfTenant][] =>
  Object.entries(retention)
    .filter((entry): entry is [string, AgedOfTenant] => isOfTenant(entry[1]))
    .sort(([one], [other]) => (one < other ? -1 : 1))

/**
 * The specification names paths without a version. They answer as if they stood under /api/v1, through this one rewrite.
 */
const SPECIFIED_PATHS =
  /^\/(ingest|tickets|tenants|circuit|circuits|classify|signals|channels|subscriptions|deliveries|sla|triage|tasks|cases)(?=[/?]|$)/

export function rewritePath(url: string): string {
  return SPECIFIED_PATHS.test(url) ? `/api/v1${url}` : url
}

export type SiteHeaders = {
  origin?: string | undefined
  /** What the browser says about who asked: `same-origin`, `same-site`, `cross-site` or `none` (typed by hand). */
  secFetchSite?: string | undefined
  /** The host this request was sent to. */
  host: string
}

/**
 * Whether a request that a browser decorated with a cookie comes from our own pages, or from one of the `trusted`
 * origins. A request without either header comes from no current browser, and so from nobody's foreign page.
 */
export function comesFromOwnPages(headers: SiteHeaders, trusted: ReadonlySet<string>): boolean {
  const { origin, secFetchSite, host } = headers
  if (origin !== undefined && trusted.has(origin)) return true
  if (secFetchSite === 'cross-site' || secFetchSite === 'same-site') return false
  return origin === undefined || isOriginOf(origin, host)
}

/** Compares as addresses, so that a port which is the scheme's own may be written or left out. */
function isOriginOf(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  const address = `${protocol}//${host}`
  return originHost !== '' && URL.canParse(address) && new URL(address).host === originHost
}

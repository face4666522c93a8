export type HostAndPort = {
  /** As `URL.hostname` writes it: lower case, numbers as a dotted address, IPv6 in brackets. */
  host: string
  /** Undefined = any. */
  port: number | undefined
}

/** Neither a path, credentials or a network, nor a wildcard, which would never match and look as if it did. */
const ENTRY = /^(\[[0-9a-f:.]+\]|[^\s:/@?#\\[\]%*]+)(?::(\d{1,5}))?$/i

/**
 * Reads `host` or `host:port`; IPv6 only in brackets, as `::1:9000` has two meanings without. Undefined when it is neither.
 * The host is normalised as in a URL (WHATWG URL §3.5), so that it equals the `hostname` of a URL for the same host.
 */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const [, name, digits] = ENTRY.exec(text.trim()) ?? []
  const host = name === undefined ? undefined : URL.parse(`http://${name}`)?.hostname
  const port = digits === undefined ? undefined : Number(digits)
  if (!host || port === 0 || (port ?? 0) > 65_535) return undefined
  return { host, port }
}

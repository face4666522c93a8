import { parseHostAndPort } from '../../kernel/host-and-port.ts'

/** Whether the operator has named this host. `host` as in `URL.hostname`, IPv6 in brackets. */
export type IsAllowed = (host: string, port: number) => boolean

/**
 * Compares the host that the URL names, never the address behind it: a customer who points a name of their own at an
 * allowed address gets nothing. Throws when an entry is neither `host` nor `host:port`.
 */
export function allowedHosts(entries: readonly string[]): IsAllowed {
  const allowed = new Set(
    entries.map((entry) => {
      const parsed = parseHostAndPort(entry)
      if (!parsed) throw new Error(`${JSON.stringify(entry)} is neither host nor host:port`)
      return parsed.port === undefined ? parsed.host : `${parsed.host}:${parsed.port}`
    }),
  )
  return (host, port) => allowed.has(host) || allowed.has(`${host}:${port}`)
}

import { lookup, Resolver } from 'node:dns/promises'

/** Every address of a name, as they shall be tried; rejects as Node's resolvers do. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** For names that the operator has chosen: as other programs on this machine, with /etc/hosts, which containers are named in. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address)

/** A name server that is silent is asked twice; the second time it has twice as long. */
const ANSWERS_WITHIN = { timeout: 2_000, tries: 2 }

/**
 * For names that customers choose: by name servers alone, the machine's unless `servers` are given. The system's resolver
 * would take one of the few threads that files and passwords need too, for as long as a dead name server keeps it waiting.
 */
export function resolveByNameServers(servers?: readonly string[]): Resolve {
  return async (hostname) => {
    // Never asked of a name server (RFC 6761 §6.3).
    if (/(^|\.)localhost\.?$/i.test(hostname)) return ['127.0.0.1']
    // Anew each time: which name servers the machine uses can change while the process runs.
    const resolver = new Resolver(ANSWERS_WITHIN)
    if (servers) resolver.setServers(servers)
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const addresses = [four, six].flatMap((found) => (found.status === 'fulfilled' ? found.value : []))
    if (addresses.length === 0 && four.status === 'rejected') throw four.reason
    return addresses
  }
}

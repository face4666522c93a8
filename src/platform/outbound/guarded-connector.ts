import { isIP, isIPv6, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import type { IsAllowed } from './allowed-hosts.ts'
import { whyNotGloballyReachable } from './globally-reachable.ts'
import { OutboundRefused } from './refused.ts'
import type { Resolve } from './resolve.ts'
import { portOf } from './target.ts'

/**
 * Throws when one of the addresses is not public. One is enough: using only the others would make it depend on the
 * moment whether a request succeeds, and hide from the operator a name that somebody points into our network.
 */
function requirePublic(hostname: string, addresses: readonly string[]): void {
  for (const address of addresses) {
    const reason = whyNotGloballyReachable(address)
    if (reason === undefined) continue
    throw notPublic(
      hostname,
      address === hostname ? `${hostname} is not public (${reason})` : `${hostname} is at ${address} (${reason})`,
    )
  }
}

const notPublic = (hostname: string, internal: string) =>
  new OutboundRefused({
    public: `${hostname} is not a host on the public internet, and only such hosts can be called.`,
    internal,
  })

/**
 * Throws when a connection to this host would be refused as things stand, and the same when it has no address: whoever
 * enters a name learns nothing about those of our own network. Connections are judged anew.
 */
export async function judgeHost(
  target: { hostname: string; port: number },
  options: { isAllowed: IsAllowed; resolve: Resolve },
): Promise<void> {
  if (options.isAllowed(target.hostname, target.port)) return
  const hostname = target.hostname.replace(/^\[|\]$/g, '')
  if (isIP(hostname) !== 0) return requirePublic(hostname, [hostname])
  const addresses = await options.resolve(hostname).catch(() => [])
  if (addresses.length === 0) throw notPublic(hostname, `${hostname} has no address`)
  requirePublic(hostname, addresses)
}

/** `resolve` as the `lookup` of a socket, which connects to exactly what this calls back with. */
function asLookup(resolve: Resolve): LookupFunction {
  const resolveSome = async (hostname: string) => {
    const addresses = await resolve(hostname)
    const found = addresses.map((address) => ({ address, family: isIP(address) }))
    const [first] = found
    if (first) return { found, first }
    throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
  }
  return (hostname, options, callback) => {
    resolveSome(hostname).then(
      ({ found, first }) => (options.all ? callback(null, found) : callback(null, first.address, first.family)),
      (error) => callback(error, []),
    )
  }
}

/**
 * Opens the sockets of an undici Agent, each only to a public address or to a host that is allowed. The addresses that
 * are judged are the very ones the socket then tries: resolving once to judge and again to connect would let a name
 * server answer differently the second time (DNS rebinding).
 */
export function guardedConnector(options: {
  isAllowed: IsAllowed
  resolve: Resolve
  /** Resolves the names of hosts that are allowed. */
  resolveAllowed: Resolve
}): buildConnector.connector {
  const { isAllowed, resolve, resolveAllowed } = options
  // HTTP/1.1 only, one request to a socket: over HTTP/2 the number of sockets would not bound the requests to an origin.
  const build = (lookup: LookupFunction) => buildConnector({ allowH2: false, lookup })
  const connectAnywhere = build(asLookup(resolveAllowed))
  const connectToPublic = build(
    asLookup(async (hostname) => {
      const addresses = await resolve(hostname)
      requirePublic(hostname, addresses)
      return addresses
    }),
  )
  return (target, callback) => {
    const { hostname } = target
    if (isAllowed(isIPv6(hostname) ? `[${hostname}]` : hostname, portOf(target)))
      return connectAnywhere(target, callback)
    try {
      // A socket does not call `lookup` when the host already is an address.
      if (isIP(hostname) !== 0) requirePublic(hostname, [hostname])
    } catch (error) {
      process.nextTick(callback, error as Error, null)
      return
    }
    connectToPublic(target, callback)
  }
}

import { isIP } from 'node:net'
// The package is CommonJS: Node finds no named exports in it, though its types and Vitest know some.
import ipaddr from 'ipaddr.js'

const { IPv4, IPv6 } = ipaddr

/** The only block that IANA has given out as global unicast (RFC 4291 §2.4); what lies outside has no public hosts. */
const GLOBAL_UNICAST = IPv6.parseCIDR('2000::/3')
/** The well-known prefix of NAT64 (RFC 6052 §2.1): behind DNS64, every name that has only IPv4 answers with it. */
const NAT64 = IPv6.parseCIDR('64:ff9b::/96')

const describeIPv4 = (address: ipaddr.IPv4) => (address.range() === 'unicast' ? undefined : address.range())

function describeIPv6(address: ipaddr.IPv6): string | undefined {
  if (address.match(NAT64)) {
    const embedded = describeIPv4(new IPv4(address.toByteArray().slice(12)))
    return embedded === undefined ? undefined : `NAT64 of ${embedded}`
  }
  if (address.range() !== 'unicast') return address.range()
  return address.match(GLOBAL_UNICAST) ? undefined : 'outside 2000::/3'
}

/**
 * Why `address` is no host on the public internet, e.g. `private`; undefined when it is one.
 *
 * The ranges are those of the IANA special-purpose address registries (RFC 6890), stricter in two ways. An IPv6 address
 * must lie where public hosts are: a list of bad ranges would miss what is not listed, e.g. the IPv4 in `::7f00:1`. The
 * tunnels 6to4 and Teredo, IPv4-mapped addresses and the anycast services of the IETF are refused whatever is in them.
 * Only plain notation is understood (dotted decimal; IPv6 without a zone): anything else is `no address`.
 */
export function whyNotGloballyReachable(address: string): string | undefined {
  const family = isIP(address)
  if (family === 4) return describeIPv4(IPv4.parse(address))
  if (family === 6) return describeIPv6(IPv6.parse(address))
  return 'no address'
}

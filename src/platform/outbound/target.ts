import type { IsAllowed } from './allowed-hosts.ts'
import { OutboundRefused } from './refused.ts'

const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 }

/** The port that is connected to; URLs leave out the default one of their scheme. */
export const portOf = ({ protocol, port }: { protocol: string; port: string }) =>
  port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port)

/**
 * The URL of a request, when what stands in it may be asked for; throws OutboundRefused otherwise. Where its host leads
 * is not known here: that is the connector's question.
 */
export function readTarget(address: string | URL, options: { isAllowed: IsAllowed; allowPlainHttp: boolean }): URL {
  const url = URL.parse(String(address))
  if (!url) throw new OutboundRefused({ public: 'The address is not a URL.', internal: 'the address is not a URL' })
  if (!(url.protocol in DEFAULT_PORTS)) {
    throw new OutboundRefused({
      public: 'The address must begin with https://.',
      internal: `the scheme ${url.protocol} is neither http: nor https:`,
    })
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutboundRefused({
      public: 'The address must not contain a user name or password.',
      internal: `the URL for ${url.host} contains credentials`,
    })
  }
  if (url.protocol === 'http:' && !options.allowPlainHttp && !options.isAllowed(url.hostname, portOf(url))) {
    throw new OutboundRefused({
      public: `The address must begin with https://: what is sent to ${url.host} over http:// can be read on the way.`,
      internal: `plain http to ${url.host}, which is not among the allowed private hosts`,
    })
  }
  return url
}

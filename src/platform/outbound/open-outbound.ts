import { Agent, type RequestInit as UndiciInit, fetch as undiciFetch } from 'undici'
import { allowedHosts } from './allowed-hosts.ts'
import { guardedConnector, judgeHost } from './guarded-connector.ts'
import { OutboundRefused } from './refused.ts'
import { type Resolve, resolveByNameServers, resolveBySystem } from './resolve.ts'
import { portOf, readTarget } from './target.ts'

export type Outbound = {
  /**
   * As the global `fetch`, except: rejects with OutboundRefused where a request may not go; never follows a redirect
   * (a 3xx is an answer, or an error with `redirect: 'error'`); uses no proxy and no `dispatcher` of the caller.
   */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>
  /**
   * For an address that somebody enters: rejects with OutboundRefused when a request could not go there as things stand,
   * or its name has no address. Connects to nothing, and promises nothing for later.
   */
  check(url: string | URL): Promise<void>
  /** Ends every socket; requests under way are rejected. Can be called twice. */
  close(): Promise<void>
}

/** What a busy connector needs, and little enough that a customer cannot make us a flood for somebody else. */
const SOCKETS_PER_ORIGIN = 8

/** The refusal inside the TypeError that fetch rejects with when a connection fails. */
function refusalIn(error: unknown): OutboundRefused | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof OutboundRefused ? cause : undefined
}

/**
 * The way out for requests whose address a customer may choose: only to hosts on the public internet, over https.
 * `allowedPrivate` names those who may be reached although they are private or speak plain http, each as `host` (any
 * port) or `host:port`; throws when an entry is neither.
 */
export function openOutbound(options: {
  allowedPrivate: readonly string[]
  /** Plain http to public hosts too; default false. */
  allowPlainHttp?: boolean
  /** Sockets open to one scheme, host and port at once, and so requests under way; more wait. Default 8. */
  socketsPerOrigin?: number
  /** Replaces both resolvers in tests. */
  resolve?: Resolve
}): Outbound {
  const { allowedPrivate, allowPlainHttp = false, socketsPerOrigin = SOCKETS_PER_ORIGIN } = options
  const isAllowed = allowedHosts(allowedPrivate)
  const resolve = options.resolve ?? resolveByNameServers()
  const resolveAllowed = options.resolve ?? resolveBySystem
  const agent = new Agent({
    connections: socketsPerOrigin,
    connect: guardedConnector({ isAllowed, resolve, resolveAllowed }),
  })
  return {
    fetch: async (address, init) => {
      const url = readTarget(address, { isAllowed, allowPlainHttp })
      const request = {
        ...init,
        redirect: init?.redirect === 'error' ? 'error' : 'manual',
        dispatcher: agent,
      } as UndiciInit
      try {
        // The same class from another version of undici than the one Node's types describe.
        return (await undiciFetch(url, request)) as unknown as Response
      } catch (error) {
        throw refusalIn(error) ?? error
      }
    },
    check: async (address) => {
      const url = readTarget(address, { isAllowed, allowPlainHttp })
      await judgeHost({ hostname: url.hostname, port: portOf(url) }, { isAllowed, resolve })
    },
    // Not close(), which waits for answers that nobody reads any more.
    close: () => agent.destroy(),
  }
}

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Authenticate, Caller } from './access.ts'
import type { Flow } from './admission.ts'

/** Those whose credentials nobody has seen yet, told apart by their addresses. No tenant is called so. */
export const STRANGERS = '(strangers)'
const OPERATOR = '(operator)'

/** Credentials are remembered as hashes, the latest used. */
const REMEMBERED_MAX = 10_000
/** So long after it was asked for, an answer may serve another request of a crowd. */
const GOOD_FOR_MS = 1_000

type Known = { flow: Flow; verified?: { caller: Caller; askedAt: number } | undefined; asking?: Promise<Caller | null> }

export type KnownCallers = {
  /** Whose a request seems to be, from what its credentials were found to be before. It proves nothing. */
  flowOf(request: FastifyRequest): Flow
  /**
   * Finds the caller. Credentials are looked up for each request; only `inCrowd`, while many requests with the same ones are
   * under way, one look-up a second serves them all: what was taken away is gone within that second.
   */
  authenticate(request: FastifyRequest, inCrowd: boolean): Promise<Caller | null>
}

export function rememberCallers(authenticate: Authenticate, now: () => number = () => performance.now()): KnownCallers {
  const known = new Map<string, Known>()
  const remember = (name: string, entry: Known) => {
    known.delete(name)
    known.set(name, entry)
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED_MAX) break
      known.delete(oldest)
    }
  }
  const lookUp = async (request: FastifyRequest, name: string | undefined): Promise<Caller | null> => {
    const askedAt = now()
    try {
      const caller = await authenticate(request)
      if (caller && name !== undefined) remember(name, { flow: flowOfCaller(caller), verified: { caller, askedAt } })
      return caller
    } catch (error) {
      const entry = name === undefined ? undefined : known.get(name)
      if (entry) entry.verified = undefined
      throw error
    }
  }
  return {
    flowOf: (request) => {
      const name = nameOf(request)
      return (name === undefined ? undefined : known.get(name))?.flow ?? { tenant: STRANGERS, key: request.ip }
    },
    authenticate: async (request, inCrowd) => {
      const name = nameOf(request)
      const entry = name === undefined ? undefined : known.get(name)
      if (!inCrowd || !entry || !dependsOnCredentialsAlone(request)) return lookUp(request, name)
      if (entry.verified && now() - entry.verified.askedAt < GOOD_FOR_MS) return entry.verified.caller
      entry.asking ??= lookUp(request, name).finally(() => delete entry.asking)
      return entry.asking
    },
  }
}

/** A cookie counts only for requests of our own pages, which is looked at for each. */
const dependsOnCredentialsAlone = ({ headers }: FastifyRequest) => headers.authorization !== undefined

function nameOf({ headers: { authorization, cookie } }: FastifyRequest): string | undefined {
  const credentials = authorization ?? cookie
  return credentials === undefined ? undefined : createHash('sha256').update(credentials).digest('base64url')
}

/** Somebody who belongs to several tenants is counted by themselves until it is known which one they ask about. */
function flowOfCaller({ id, tenants }: Caller): Flow {
  if (tenants === 'all') return { tenant: OPERATOR, key: id }
  return { tenant: tenants.length === 1 ? String(tenants[0]) : id, key: id }
}

import { decodeJwt } from 'jose'
import { type Caller, unauthenticated } from '../../../platform/http/index.ts'

/** Somebody whose tokens are taken, and who it is that brings one. */
export type Issuer = {
  /** The `iss` of its tokens. */
  name: string
  /** Checks everything, the signature first. @throws http.unauthenticated */
  callerOf(token: string): Promise<Caller>
}

/**
 * The caller of a token, found by the issuer it names, which then has to have signed it. A further issuer is one more value in
 * this list.
 *
 * @throws http.unauthenticated
 */
export function callerOfTokens(issuers: readonly Issuer[]): (token: string) => Promise<Caller> {
  return async (token) => {
    const named = issuerOf(token)
    const issuer = issuers.find(({ name }) => name === named)
    if (!issuer) throw unauthenticated('the token is of an issuer that is not known')
    return issuer.callerOf(token)
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    throw unauthenticated('the token cannot be read')
  }
}

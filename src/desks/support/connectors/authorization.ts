import { ProviderError } from './port.ts'

/** What a header may carry. fetch quotes a header that carries anything else in its error, and so would tell the secret. */
const SENDABLE = /^[\x21-\x7e]+$/

/** HTTP Basic (RFC 7617), UTF-8. */
export const basicAuthorization = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`

/** @throws ProviderError `refused` when the token cannot stand in a header; never with the token. */
export function bearerAuthorization(token: string): string {
  if (!SENDABLE.test(token))
    throw new ProviderError('refused', 'the access token contains characters that no token has')
  return `Bearer ${token}`
}

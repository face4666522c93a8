import { domainToASCII } from 'node:url'
import { z } from 'zod'

/** As RFC 6531 has it: letters and digits of any script between the signs of RFC 5322; nothing that ends an address or a header. */
const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)+(?:[a-z]{2,63}|xn--${LABEL})$`, 'i')
const NOT_ASCII = /[^\0-\x7f]/

/** An address of a mailbox, in any script; its domain is written as the Internet writes it (`xn--…`). */
export const mailAddress = z
  .string()
  .trim()
  .normalize('NFC')
  .max(254)
  .transform(inAscii)
  .refine(isMailAddress, 'must be an e-mail address, e.g. on-call@example.com')

/** Whether only a mail server with SMTPUTF8 (RFC 6531) can be given this address: the domain alone has another way. */
export const needsSmtpUtf8 = (address: string): boolean => NOT_ASCII.test(address.slice(0, address.lastIndexOf('@')))

function inAscii(address: string): string {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1)
  if (at < 0 || !NOT_ASCII.test(domain)) return address
  // Empty for what is no domain, so that the address is refused.
  return `${address.slice(0, at)}@${domainToASCII(domain)}`
}

function isMailAddress(address: string): boolean {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  if (at < 0 || !DOMAIN.test(address.slice(at + 1))) return false
  if (!needsSmtpUtf8(address)) return z.email().safeParse(`${local}@example.com`).success
  return Buffer.byteLength(local) <= 64 && LOCAL_PART.test(local)
}

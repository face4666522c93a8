import { randomBytes } from 'node:crypto'
import { networkOf } from '../../platform/http/index.ts'
import { hashSecret } from './secrets.ts'

/** Where an account was signed in to before: in that browser, or only from that address. */
export type Known = 'device' | 'address' | null

/** What a browser shows to be known again; opens nothing by itself. */
export const DEVICE_COOKIE = 'signalbox.device'
const FORM = /(?:^|;\s*)signalbox\.device=(sbd_[A-Za-z0-9_-]{43})(?:;|$)/
/** Browsers keep no cookie for longer. */
const MAX_AGE_SECONDS = 400 * 86_400

/** The device that a Cookie header names, if it is one of ours. */
export const readDevice = (cookie: string | undefined): string | undefined => FORM.exec(cookie ?? '')?.[1]

export const newDevice = (): string => `sbd_${randomBytes(32).toString('base64url')}`

export function deviceCookie(device: string, isSecure: boolean): string {
  const attributes = [
    `Max-Age=${MAX_AGE_SECONDS}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    ...(isSecure ? ['Secure'] : []),
  ]
  return [`${DEVICE_COOKIE}=${device}`, ...attributes].join('; ')
}

/** What is kept of a place: the network of an address, as one subscriber has all addresses of it. */
export const hashOfAddress = (address: string): Buffer => hashSecret(`address ${networkOf(address)}`)
export const hashOfDevice = (device: string): Buffer => hashSecret(`device ${device}`)

import { z } from 'zod'
import { DeskMapping } from './desk-mapping.ts'
import { freshdeskSource } from './freshdesk.ts'
import type { ChangeSource } from './port.ts'
import type { Http } from './request-json.ts'
import { zendeskSource } from './zendesk.ts'

/** The helpdesks that a tenant can connect. */
export const CONNECTOR_KINDS = ['zendesk', 'freshdesk'] as const
export type ConnectorKind = (typeof CONNECTOR_KINDS)[number]

/** Part of a host name: what stands there is put into an address and must not lead out of the helpdesk's domain. */
const hostLabel = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the first part of the address only, e.g. acme')

const baseUrl = z
  .url({ protocol: /^https?$/, error: 'must be an address, e.g. https://support.acme.com' })
  .max(500)
  .refine(isBare, 'must hold no user name, no question mark and no hash sign')

/** A secret as it stands in a header: visible ASCII, no spaces. */
const secret = z
  .string()
  .trim()
  .max(2_000)
  .regex(/^[\x21-\x7e]+$/, 'must be a token without spaces')

const ownAddress = z.strictObject({ base_url: baseUrl })

const ZendeskSettings = z.union([z.strictObject({ subdomain: hostLabel }), ownAddress])
const ZendeskCredentials = z.union([
  z.strictObject({ email: z.email().max(320), api_token: secret }),
  z.strictObject({ oauth_token: secret }),
])
const FreshdeskSettings = z.union([z.strictObject({ domain: hostLabel }), ownAddress])
const FreshdeskCredentials = z.strictObject({ api_key: secret })

/** What a source is opened with besides its settings. */
type Opening = { http: Http; mapping: DeskMapping }

/** What each kind is configured with, how often it may be called unless a tenant says otherwise, and how it is opened. */
export const CONNECTORS = {
  zendesk: {
    settings: ZendeskSettings,
    credentials: ZendeskCredentials,
    /** @see https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#rate-limits */
    callsPerMinute: 10,
    open: (
      settings: z.output<typeof ZendeskSettings>,
      credentials: z.output<typeof ZendeskCredentials>,
      { http, mapping }: Opening,
    ) => zendeskSource({ baseUrl: addressOf(settings, 'zendesk.com'), credentials, mapping }, http),
  },
  freshdesk: {
    settings: FreshdeskSettings,
    credentials: FreshdeskCredentials,
    /**
     * Ticket lists on Growth, the lowest plan that has the API; on Pro 100, on Enterprise 200.
     *
     * @see https://support.freshdesk.com/support/solutions/articles/225439-what-are-the-rate-limits-for-the-api-calls-to-freshdesk
     */
    callsPerMinute: 20,
    open: (
      settings: z.output<typeof FreshdeskSettings>,
      credentials: z.output<typeof FreshdeskCredentials>,
      { http, mapping }: Opening,
    ) => freshdeskSource({ baseUrl: addressOf(settings, 'freshdesk.com'), credentials, mapping }, http),
  },
} as const satisfies Record<ConnectorKind, { callsPerMinute: number; [part: string]: unknown }>

/** A connection as somebody configures it. */
export const ConfiguredConnector = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('zendesk'), settings: ZendeskSettings, credentials: ZendeskCredentials }),
  z.strictObject({ kind: z.literal('freshdesk'), settings: FreshdeskSettings, credentials: FreshdeskCredentials }),
])
export type ConfiguredConnector = z.output<typeof ConfiguredConnector>

/** What stands beside a connection in a request. */
const name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,39}$/,
    'must be 1 to 40 lower-case letters, digits or -, starting with a letter or digit',
  )
export const callsPerMinute = z.int().min(1).max(10_000)
const besides = { name, calls_per_minute: callsPerMinute.optional(), mapping: DeskMapping.optional() }

/** A new connector as a request describes it. */
export const NewConnectorBody = z.discriminatedUnion('kind', [
  ConfiguredConnector.options[0].extend(besides),
  ConfiguredConnector.options[1].extend(besides),
])

/** The source of a configured connection. Nothing is called yet: `check()` proves it. */
export function openSource(configured: ConfiguredConnector, http: Http, mapping: DeskMapping = {}): ChangeSource {
  const opening = { http, mapping }
  return configured.kind === 'zendesk'
    ? CONNECTORS.zendesk.open(configured.settings, configured.credentials, opening)
    : CONNECTORS.freshdesk.open(configured.settings, configured.credentials, opening)
}

type Address = { base_url: string } | { subdomain: string } | { domain: string }

function addressOf(settings: Address, vendorDomain: string): string {
  if ('base_url' in settings) return settings.base_url
  return `https://${'subdomain' in settings ? settings.subdomain : settings.domain}.${vendorDomain}`
}

function isBare(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { username, password, search, hash } = new URL(address)
  return `${username}${password}${search}${hash}` === ''
}

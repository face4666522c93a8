import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import { basicAuthorization, bearerAuthorization } from './authorization.ts'
import type { DeskMapping } from './desk-mapping.ts'
import { explainRefusal } from './explain-refusal.ts'
import { type ChangePage, type ChangeSource, ProviderError } from './port.ts'
import { fieldsOf, idText, latestRows, sortOut } from './read-ticket.ts'
import { addressUnder, type Http, requestJson } from './request-json.ts'
import { isDeletedAtZendesk, readZendeskTicket, withMetrics } from './zendesk-ticket.ts'

/** An agent's e-mail address with an API token, or a token of an OAuth client. */
export type ZendeskCredentials = { email: string; api_token: string } | { oauth_token: string }

/** The largest page that is documented. A comment has at most 64 kB, so that a page stays under the limit of a body. */
const PER_PAGE = '1000'
/** The export begins here; also the cursor of an account that has no ticket yet. No cursor of Zendesk's has a `=` inside. */
const FROM_THE_START = 'start_time=0'

const ExportPage = z.object({
  tickets: z.array(z.unknown()),
  metric_sets: z.unknown().optional(),
  after_cursor: z.string().min(1).nullish(),
  end_of_stream: z.boolean(),
})

const Me = z.object({
  user: z.object({ id: z.unknown().optional(), name: z.string().nullish(), email: z.string().nullish() }),
})

const WRONG_CREDENTIALS = 'Zendesk does not accept these credentials: check the e-mail address and the token'
const REFUSALS = {
  401: WRONG_CREDENTIALS,
  403: 'Zendesk lets these credentials sign in but not read the ticket export: it needs an admin',
  404: 'There is no Zendesk account at this address: check the subdomain',
}

/**
 * A Zendesk account, read through the cursor-based incremental ticket export. The export leaves out the last minute, so
 * that nothing slips in behind its cursor, and tells deleted tickets by their status.
 *
 * @see https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-export-cursor-based
 * @see https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api/
 * @see https://developer.zendesk.com/api-reference/introduction/security-and-auth/
 */
export function zendeskSource(
  { baseUrl, credentials, mapping }: { baseUrl: string; credentials: ZendeskCredentials; mapping?: DeskMapping },
  http: Http,
): ChangeSource {
  const get = async (path: string, query: Record<string, string>, signal: AbortSignal) => {
    const headers = { authorization: authorizationOf(credentials) }
    return explainRefusal(REFUSALS, requestJson(http, addressUnder(baseUrl, `api/v2/${path}`, query), signal, headers))
  }

  const readExport = async (from: Record<string, string>, signal: AbortSignal) => {
    const { json, bytes } = await get('incremental/tickets/cursor.json', from, signal)
    const page = ExportPage.safeParse(json)
    if (!page.success) throw new ProviderError('transient', 'Zendesk’s answer is not a page of its ticket export')
    return { ...page.data, bytes }
  }

  /** Wrong credentials are not refused here: Zendesk answers 200 with its anonymous user, whose id is null. */
  const whoAmI = async (signal: AbortSignal): Promise<string> => {
    const { json } = await get('users/me.json', {}, signal)
    const me = Me.safeParse(json)
    if (!me.success) throw new ProviderError('transient', 'Zendesk’s answer is not a user')
    const { id, name, email } = me.data.user
    if (id === null || name === 'Anonymous user') throw new ProviderError('refused', WRONG_CREDENTIALS)
    return email ?? name ?? 'unnamed user'
  }

  return {
    check: async (signal) => {
      const account = await whoAmI(signal)
      await readExport({ start_time: '0', per_page: '1' }, signal)
      return { account }
    },

    listChanges: async (cursor, signal) => {
      const from = cursor === null || cursor === FROM_THE_START ? { start_time: '0' } : { cursor }
      const page = await readExport({ ...from, per_page: PER_PAGE, include: 'metric_sets' }, signal)
      const next = page.after_cursor ?? cursor ?? FROM_THE_START
      if (!page.end_of_stream && next === (cursor ?? FROM_THE_START)) {
        throw new ProviderError('transient', 'Zendesk’s ticket export does not move on')
      }
      const rows = withMetrics(page.tickets, page.metric_sets)
      return { ...readRows(rows, mapping), cursor: next, isLast: page.end_of_stream, bytes: page.bytes }
    },

    findTicket: async (id, signal) => {
      if (!/^\d+$/.test(id)) return null
      try {
        const { json } = await get(`tickets/${id}.json`, { include: 'metric_sets' }, signal)
        const { ticket } = fieldsOf(json)
        if (idText(fieldsOf(ticket).id) !== id)
          throw new ProviderError('transient', 'Zendesk’s answer is not the ticket')
        return isDeletedAtZendesk(ticket) ? null : readZendeskTicket(ticket, mapping)
      } catch (error) {
        if (!(error instanceof ProviderError) || error.status !== 404) throw error
        // A closed account answers 404 too. Taken for a missing ticket, it would delete every ticket that is asked for.
        await whoAmI(signal)
        return null
      }
    },
  }
}

function authorizationOf(credentials: ZendeskCredentials): string {
  return 'oauth_token' in credentials
    ? bearerAuthorization(credentials.oauth_token)
    : basicAuthorization(`${credentials.email}/token`, credentials.api_token)
}

function readRows(
  page: readonly unknown[],
  mapping: DeskMapping | undefined,
): Pick<ChangePage, 'tickets' | 'failed' | 'deleted' | 'reachedAt'> {
  const rows = latestRows(page)
  const deleted = rows.filter(isDeletedAtZendesk).flatMap((row) => idText(fieldsOf(row).id) ?? [])
  const kept = rows.filter((row) => !isDeletedAtZendesk(row))
  return { ...sortOut(kept.map((row) => readZendeskTicket(row, mapping))), deleted, reachedAt: reachedAt(page.at(-1)) }
}

/** The export's own clock, by which it is ordered; changes by the system move it but not `updated_at`. */
function reachedAt(lastRow: unknown): string | null {
  const { generated_timestamp: seconds, updated_at } = fieldsOf(lastRow)
  const exported = typeof seconds === 'number' ? new Date(seconds * 1_000) : undefined
  if (exported !== undefined && !Number.isNaN(exported.getTime())) return exported.toISOString()
  return moment.safeParse(updated_at).data ?? null
}

import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import { basicAuthorization } from './authorization.ts'
import type { DeskMapping } from './desk-mapping.ts'
import { explainRefusal } from './explain-refusal.ts'
import { advance, type Position, readPosition, writePosition } from './freshdesk-position.ts'
import { isGoneAtFreshdesk, readFreshdeskTicket } from './freshdesk-ticket.ts'
import { type ChangeSource, ProviderError } from './port.ts'
import { fieldsOf, idText, latestRows, sortOut } from './read-ticket.ts'
import { addressUnder, type Http, requestJson } from './request-json.ts'

/** The key of an agent's profile. */
export type FreshdeskCredentials = { api_key: string }

/** The largest page that Freshdesk serves. */
const PER_PAGE = 100

const Rows = z.array(z.unknown())
const Me = z.object({ contact: z.object({ email: z.string().nullish(), name: z.string().nullish() }) })

const REFUSALS = {
  401: 'Freshdesk does not accept this API key: check the key and that its agent is active',
  403: 'Freshdesk lets this API key sign in but not read tickets: it needs an agent who sees all tickets',
  404: 'There is no Freshdesk account at this address: check the domain',
}

/**
 * A Freshdesk account, read through the list of all tickets, oldest change first; then the lists of deleted tickets and
 * of spam, whose tickets are told as deleted, because the list of all leaves both out without a word.
 *
 * `include=description,stats` is needed for the message and for when it was answered, and makes a call count five times.
 *
 * @see https://developers.freshdesk.com/api/#list_all_tickets
 * @see https://developers.freshdesk.com/api/#pagination
 * @see https://developers.freshdesk.com/api/#authentication
 */
export function freshdeskSource(
  { baseUrl, credentials, mapping }: { baseUrl: string; credentials: FreshdeskCredentials; mapping?: DeskMapping },
  http: Http,
  clock: () => Date = () => new Date(),
): ChangeSource {
  const get = (path: string, query: Record<string, string>, signal: AbortSignal) => {
    // Freshdesk takes any password beside the key; X is the one of its documentation.
    const headers = { authorization: basicAuthorization(credentials.api_key, 'X') }
    return explainRefusal(REFUSALS, requestJson(http, addressUnder(baseUrl, `api/v2/${path}`, query), signal, headers))
  }

  const whoAmI = async (signal: AbortSignal): Promise<string> => {
    const { json } = await get('agents/me', {}, signal)
    const me = Me.safeParse(json)
    if (!me.success) throw new ProviderError('transient', 'Freshdesk’s answer is not an agent')
    return me.data.contact.email ?? me.data.contact.name ?? 'unnamed agent'
  }

  const listRows = async (query: Record<string, string>, signal: AbortSignal) => {
    const { json, bytes, headers } = await get('tickets', query, signal)
    const rows = Rows.safeParse(json)
    if (!rows.success) throw new ProviderError('transient', 'Freshdesk’s answer is not a list of tickets')
    return { rows: rows.data, bytes, headers }
  }

  return {
    check: async (signal) => {
      const account = await whoAmI(signal)
      await listRows({ per_page: '1' }, signal)
      return { account }
    },

    listChanges: async (cursor, signal) => {
      const now = clock()
      const position = readPosition(cursor, now)
      const { rows, bytes, headers } = await listRows(queryOf(position), signal)
      const changedAt = rows.flatMap((row) => moment.safeParse(fieldsOf(row).updated_at).data ?? [])
      const hasNext = saysNext(headers) || rows.length >= PER_PAGE
      const next = advance(position, { changedAt, hasNext, answeredAt: answeredAt(headers, now) })
      const isGone = (row: unknown) => position.stream !== 'tickets' || isGoneAtFreshdesk(row)
      const told = latestRows(rows)
      return {
        ...sortOut(told.filter((row) => !isGone(row)).map((row) => readFreshdeskTicket(row, mapping))),
        deleted: told.filter(isGone).flatMap((row) => idText(fieldsOf(row).id) ?? []),
        cursor: writePosition(next.position),
        isLast: next.isWalkOver,
        reachedAt: position.stream === 'tickets' && position.back === null ? (changedAt.at(-1) ?? null) : null,
        bytes,
      }
    },

    findTicket: async (id, signal) => {
      if (!/^\d+$/.test(id)) return null
      try {
        const { json } = await get(`tickets/${id}`, { include: 'stats' }, signal)
        if (idText(fieldsOf(json).id) !== id)
          throw new ProviderError('transient', 'Freshdesk’s answer is not the ticket')
        return isGoneAtFreshdesk(json) ? null : readFreshdeskTicket(json, mapping)
      } catch (error) {
        if (!(error instanceof ProviderError) || error.status !== 404) throw error
        // A closed account answers 404 too. Taken for a missing ticket, it would delete every ticket that is asked for.
        await whoAmI(signal)
        return null
      }
    },
  }
}

function queryOf({ stream, since, page }: Position): Record<string, string> {
  return {
    ...(stream === 'tickets' ? { include: 'description,stats' } : { filter: stream }),
    // As documented: whole seconds, `2015-01-19T02:00:00Z`.
    updated_since: since.replace(/\.\d+Z$/, 'Z'),
    order_by: 'updated_at',
    order_type: 'asc',
    per_page: String(PER_PAGE),
    page: String(page),
  }
}

/** The last page has no such link. Where a proxy took the header away, a full page has to be taken for one of many. */
const saysNext = (headers: Headers): boolean => /\brel="?next"?/i.test(headers.get('link') ?? '')

/**
 * When Freshdesk answered, by its own clock unless that is ahead of ours or was lost on the way: a ticket may say that it
 * changed in 2206, and where no clock says otherwise the next walk would begin there.
 */
function answeredAt(headers: Headers, now: Date): string {
  const theirs = Date.parse(headers.get('date') ?? '')
  return new Date(Number.isNaN(theirs) ? now : Math.min(theirs, now.getTime())).toISOString()
}

import { z } from 'zod'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  personRoute,
  type Route,
  reply,
  toPage,
} from '../../platform/http/index.ts'
import { tenancyFault } from './faults.ts'
import { Moment } from './fields.ts'
import type { SessionOfPerson } from './identity.ts'
import { sessionHeaders } from './session-view.ts'
import type { TenancyContext } from './tenancy-context.ts'

const SessionAnswer = z
  .strictObject({
    session_id: z.uuid(),
    is_current: z.boolean().meta({ description: 'Whether this request came with it' }),
    created_at: Moment,
    expires_at: Moment,
    address: z.string().nullable().meta({ description: 'The network address it was opened from' }),
    user_agent: z.string().nullable(),
  })
  .meta({ id: 'OwnSession' })

const tag = 'Sessions'

/** What people see and end of their own sessions. */
export function ownSessionRoutes({ identity }: TenancyContext): Route[] {
  return [
    personRoute({
      operationId: 'listOwnSessions',
      method: 'GET',
      path: '/auth/sessions',
      summary: 'List your sessions, newest first',
      tag,
      query: z.strictObject(PageQuery),
      responses: { 200: z.strictObject({ sessions: z.array(SessionAnswer), next_cursor: z.string().nullable() }) },
      handle: async ({ query, personId, request }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.iso.datetime(), z.uuid()])) ?? undefined
        const current = await identity.findSession(sessionHeaders(request))
        const rows = await identity.listSessions(personId, { after, limit: query.limit })
        const page = toPage(rows, query.limit, (session) => [session.createdAt.toISOString(), session.sessionId])
        const sessions = page.rows.map((session) => present(session, current?.sessionId))
        const body = { sessions, next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    personRoute({
      operationId: 'endOwnSession',
      method: 'DELETE',
      path: '/auth/sessions/:session_id',
      summary: 'End one of your sessions',
      tag,
      params: z.strictObject({ session_id: z.uuid() }),
      responses: { 204: z.undefined() },
      handle: async ({ params, personId }) => {
        if ((await identity.endSessions(personId, { sessionId: params.session_id })) > 0) return reply(204)
        throw tenancyFault('tenancy.session_not_found', {
          public: 'You have no such session: it may be over already.',
          internal: `no session ${params.session_id} of person ${personId}`,
        })
      },
    }),
    personRoute({
      operationId: 'signOutEverywhere',
      method: 'POST',
      path: '/auth/sign-out-everywhere',
      summary: 'End all your sessions, this one too',
      tag,
      responses: { 200: z.strictObject({ ended_sessions: z.int() }) },
      handle: async ({ personId, request }) => {
        const ended = await identity.endSessions(personId)
        const setCookie = await identity.signOut(sessionHeaders(request))
        return reply(200, { ended_sessions: ended }, { 'set-cookie': setCookie })
      },
    }),
  ]
}

function present(session: SessionOfPerson, currentId: string | undefined) {
  return {
    session_id: session.sessionId,
    is_current: session.sessionId === currentId,
    created_at: session.createdAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    address: session.address,
    user_agent: session.userAgent,
  }
}

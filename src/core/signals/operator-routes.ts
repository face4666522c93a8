import { z } from 'zod'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  systemRoute,
  toPage,
} from '../../platform/http/index.ts'
import { handleOperatorSignal } from './handle-signal.ts'
import { SignalQuery, statesOf } from './query.ts'
import { OperatorSignalView, presentOperatorSignal } from './signal-view.ts'
import type { Transition } from './state.ts'
import { listSignals, OPERATOR_SIGNALS } from './store.ts'

const declared = {
  tag: 'Signals',
  access: 'operator',
  acrossTenants: 'what operators are told belongs to no tenant',
} as const

const transition = (name: Transition, operationId: string, summary: string) =>
  systemRoute({
    ...declared,
    operationId,
    method: 'POST',
    path: `/operator/signals/:signal_id/${name}`,
    summary,
    params: z.strictObject({ signal_id: z.uuid() }),
    responses: { 200: OperatorSignalView },
    handle: async ({ tx, caller, params: { signal_id: signalId } }) =>
      reply(200, presentOperatorSignal(await handleOperatorSignal(tx, name, { signalId, by: caller.id }))),
  })

export const operatorSignalRoutes: readonly Route[] = [
  systemRoute({
    ...declared,
    operationId: 'listOperatorSignals',
    method: 'GET',
    path: '/operator/signals',
    summary: 'List what needs an operator of the platform, newest first; without what is resolved unless asked for',
    query: z.strictObject({ ...PageQuery, ...SignalQuery }),
    responses: { 200: z.strictObject({ signals: z.array(OperatorSignalView), next_cursor: z.string().nullable() }) },
    handle: async ({ tx, query, request }) => {
      const { limit, state, kind, minimum_severity: minimumSeverity } = query
      const [before] = decodeCursor(query.cursor, z.tuple([z.uuid()])) ?? []
      const kinds = kind === undefined ? undefined : [kind]
      const filter = { states: statesOf(state), kinds, minimumSeverity, before, limit: limit + 1 }
      const { rows, found } = await listSignals(OPERATOR_SIGNALS, tx, filter)
      const page = toPage(rows, limit, ({ signal_id }) => [signal_id], found)
      return reply(
        200,
        { signals: page.rows.map(presentOperatorSignal), next_cursor: page.nextCursor },
        linkHeader(request.originalUrl, page.nextCursor),
      )
    },
  }),
  transition('acknowledge', 'acknowledgeOperatorSignal', 'Say that an operator has it'),
  transition('resolve', 'resolveOperatorSignal', 'Say that it is over'),
]

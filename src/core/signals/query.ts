import { z } from 'zod'
import { invalid } from '../../platform/http/index.ts'
import { SEVERITIES } from './signal.ts'
import { SIGNAL_STATES, type SignalState, UNRESOLVED } from './state.ts'

const STATES_ASKED_FOR = { unresolved: UNRESOLVED, all: SIGNAL_STATES } as const

/** The parameters that lists of tenants and of operators share. */
export const SignalQuery = {
  state: z
    .enum([...SIGNAL_STATES, 'unresolved', 'all'])
    .default('unresolved')
    .meta({ description: '`unresolved` are the open and the acknowledged ones' }),
  kind: z.string().min(1).max(100).optional(),
  minimum_severity: z.enum(SEVERITIES).optional(),
}

export const SNOOZE_DAYS_MAX = 30

/** Until when a signal is put off; null wakes it. @throws http.invalid when that is not in the future, or too far in it */
export function readUntil(until: string | null, nowMs: number): Date | null {
  if (until === null) return null
  const moment = new Date(until)
  const latestMs = nowMs + SNOOZE_DAYS_MAX * 86_400_000
  if (moment.getTime() > nowMs && moment.getTime() <= latestMs) return moment
  const message = `must lie in the future, and at the latest at ${new Date(latestMs).toISOString()}`
  throw invalid([{ in: 'body', field: 'until', message }])
}

export const statesOf = (asked: z.output<typeof SignalQuery.state>): readonly SignalState[] =>
  asked === 'unresolved' || asked === 'all' ? STATES_ASKED_FOR[asked] : [asked]

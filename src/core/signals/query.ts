import { z } from 'zod'
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

export const statesOf = (asked: z.output<typeof SignalQuery.state>): readonly SignalState[] =>
  asked === 'unresolved' || asked === 'all' ? STATES_ASKED_FOR[asked] : [asked]

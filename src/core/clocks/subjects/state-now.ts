import { type RawBuilder, sql } from 'kysely'

/** How all clocks of a subject together stand. `paused`: each open one is. `none`: nothing was ever to be measured. */
export const SUBJECT_STATES = [
  'breached',
  'at_risk',
  'paused',
  'on_track',
  'met',
  'met_late',
  'cancelled',
  'none',
] as const
export type SubjectState = (typeof SUBJECT_STATES)[number]

/** The state of a row of `clocks` now, as text, right whether or not somebody has looked at it since it was due. `alias` is the table's name in the query. */
export const clockStateNow = (alias = 'clocks'): RawBuilder<string> =>
  sql<string>`clock_state(${sql.ref(`${alias}.state`)}, ${sql.ref(`${alias}.due_at`)}, statement_timestamp())`

/**
 * The state of a row of `clock_subjects` now, as text: what is late comes before what is at risk. To filter by an index, ask for
 * `breached_from <= statement_timestamp()` and the like.
 */
export const subjectStateNow = (alias = 'clock_subjects'): RawBuilder<SubjectState> => {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  return sql<SubjectState>`case
    when ${column('breached_from')} <= statement_timestamp() then 'breached'
    when ${column('at_risk_from')} <= statement_timestamp() then 'at_risk'
    when ${column('is_paused')} then 'paused'
    when ${column('outcome')} is not null then ${column('outcome')}
    when ${column('measured_at')} is null or ${column('settled_at')} is null and not ${column('has_clocks')} then 'none'
    else 'on_track' end`
}

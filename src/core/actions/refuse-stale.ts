import type { Tx } from '../../platform/database/index.ts'
import { actionFault } from './faults.ts'
import { changedColumns } from './outcome.ts'
import { changesSince } from './store.ts'

/** A row by its table and own id, the version that a change was made from, and the one that it has. */
export type Versions = { table: string; id: string; given: number | undefined; current: number }

/**
 * What `If-Match` is elsewhere: lets a change pass that was made from the version that is there, or from none.
 *
 * @throws actions.changed_meanwhile with who changed it since, when, and what
 */
export async function refuseStale(tx: Tx, { table, id, given, current }: Versions): Promise<void> {
  if (given === undefined || given === current) return
  const changes = await changesSince(tx, { table, id, version: given })
  const [last] = changes
  throw actionFault('actions.changed_meanwhile', {
    public: `Somebody changed this while you did: it has version ${current} by now, and you began from ${given}. Look at \`changes\` and repeat yours.`,
    internal: 'a change made from an old version',
    extensions: {
      version: current,
      changed_by: last?.actor ?? null,
      changes: changes.map(({ actor, at, ...row }) => ({ actor, at: at.toISOString(), ...changedColumns(row) })),
    },
  })
}

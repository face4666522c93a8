import type { Tx } from '../../../platform/database/index.ts'
import { invalid } from '../../../platform/http/index.ts'
import { taskFault } from '../faults.ts'
import { type CustomKind, holdCustomKinds } from '../store/custom-kinds.ts'
import { misfits, WORK_MAX, workOf } from './payload-schema.ts'

/** No kind of ours begins so, now or later: a tenant's kind can never take the name of one. */
export const CUSTOM_PREFIX = 'custom.'
export const CUSTOM_NAME = /^custom\.[a-z0-9][a-z0-9._-]{0,80}$/

export const isCustom = (kind: string): boolean => kind.startsWith(CUSTOM_PREFIX)

/** Throws when a kind of ours has a name that is left to tenants. */
export function demandOwnNames(names: Iterable<string>): void {
  for (const name of names) if (isCustom(name)) throw new Error(`${name} begins like the kinds of tenants`)
}

export const noSuchKind = () =>
  taskFault('tasks.kind_not_found', {
    public: 'This kind is not registered in this tenant. Register it with PUT /worker/kinds/{kind}.',
    internal: 'a kind that nobody has registered',
  })

/**
 * The kinds among these that the tenant has registered, held until the transaction ends; the payloads of all of them fit.
 *
 * @throws tasks.kind_not_found, http.invalid that names the place, tasks.payload_too_large
 */
export async function demandFitting(
  tx: Tx,
  tasks: readonly { kind: string; payload: unknown; field: string }[],
): Promise<Map<string, CustomKind>> {
  const names = [...new Set(tasks.map(({ kind }) => kind))]
  const kinds = new Map((await holdCustomKinds(tx, names)).map((kind) => [kind.kind, kind]))
  let work = 0
  for (const { kind: name, payload, field } of tasks) {
    const kind = kinds.get(name)
    if (!kind) throw noSuchKind()
    work += workOf(kind.payloadSchema, payload)
    if (work > WORK_MAX) {
      throw taskFault('tasks.payload_too_large', {
        public: `The schema of ${name} has too many parts for a payload with so many members. Hand over fewer at a time, or register a smaller schema.`,
        internal: 'checking the payloads would take too long',
      })
    }
    const wrong = misfits(kind.payloadSchema, payload)
    if (wrong.length > 0) {
      throw invalid(
        wrong.map(({ path, message }) => ({ in: 'body', field: path === '' ? field : `${field}.${path}`, message })),
      )
    }
  }
  return kinds
}

import type { TenantId } from '../../../kernel/tenant-id.ts'
import { httpFault } from '../faults.ts'

/** `events` go on for as long as somebody listens; a `download` is a file that is made while it is read. */
export const STREAM_KINDS = ['events', 'download'] as const
export type StreamKind = (typeof STREAM_KINDS)[number]

/** Streams of a tenant, and of all tenants, in one process. */
export type StreamCaps = Record<StreamKind, { perTenant: number; max: number }>

/** A tenant's screens, and no more than a process can tell of one change within a moment; files are read from the database. */
export const STREAM_CAPS: StreamCaps = {
  events: { perTenant: 500, max: 2_000 },
  download: { perTenant: 5, max: 20 },
}

/** Counts the streams that are open, so that none is opened beyond its cap. */
export function countPlaces(caps: StreamCaps) {
  const total: Record<StreamKind, number> = { events: 0, download: 0 }
  const ofTenant: Record<StreamKind, Map<TenantId, number>> = { events: new Map(), download: new Map() }
  return {
    total: (kind: StreamKind): number => total[kind],
    /** Takes a place and answers how it is given back; throws when there is none left. */
    take(kind: StreamKind, tenantId: TenantId): () => void {
      const counts = ofTenant[kind]
      const own = counts.get(tenantId) ?? 0
      if (own >= caps[kind].perTenant) throw tooMany(kind, caps[kind].perTenant)
      if (total[kind] >= caps[kind].max) throw full(kind)
      total[kind] += 1
      counts.set(tenantId, own + 1)
      let isTaken = true
      return () => {
        if (!isTaken) return
        isTaken = false
        total[kind] -= 1
        const left = (counts.get(tenantId) ?? 1) - 1
        if (left > 0) counts.set(tenantId, left)
        else counts.delete(tenantId)
      }
    },
  }
}

const WORDS = { events: 'streams', download: 'downloads' } as const satisfies Record<StreamKind, string>

const tooMany = (kind: StreamKind, perTenant: number) =>
  httpFault('http.too_many_streams', {
    public: `A tenant may have ${perTenant} ${WORDS[kind]} open at once in a process. Close some, or wait until one of them ends.`,
    internal: `the ${WORDS[kind]} of a tenant are at their cap`,
    headers: { 'retry-after': '30' },
  })

const full = (kind: StreamKind) =>
  httpFault('http.full', {
    public: 'This process serves as many as it can. Try again in a few seconds.',
    internal: `the ${WORDS[kind]} of the process are at their cap`,
    headers: { 'retry-after': '5' },
  })

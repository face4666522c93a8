/** What a file can say of a ticket. */
export const TICKET_FIELDS = [
  ...['id', 'customer_id', 'subject', 'message', 'status', 'source', 'created_at', 'updated_at', 'tenant_id'],
] as unknown as readonly TicketField[]
export type TicketField =
  | 'id'
  | 'customer_id'
  | 'subject'
  | 'message'
  | 'status'
  | 'source'
  | 'created_at'
  | 'updated_at'
  | 'tenant_id'

export const DELIMITERS = [',', ';', '\t', '|'] as const
export type Delimiter = (typeof DELIMITERS)[number]

/** Where a reader finds a ticket in a record. Plain data: it goes to another thread. */
export type Wanted = {
  /** Under which names; of several, the first that has a value decides. */
  columns: Readonly<Record<TicketField, readonly string[]>>
  /** Fields whose names the request itself gave: those are meant as they are spelled, where that is there. */
  said: readonly TicketField[]
  /** Fields of which at least one name must be there, or the file is refused. */
  needed: readonly TicketField[]
  /** Between the cells of a CSV file; found by the header when it is not given. */
  delimiter?: Delimiter | undefined
}

/** What a record says of a ticket, in our names and as it is written there. */
export type Picked = { [field in TicketField]?: unknown }

/** Names are the same whatever their case, blanks, dashes and dots: `Customer ID` is `customer_id`. */
export const nameKey = (name: string): string =>
  name
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/[\s_.\-/]+/g, '_')
    .replace(/^_|_$/g, '')

/** What stands before a remark: `subject, short` and `Subject (de)` are `subject`. */
const keyBeforeRemark = (name: string): string => nameKey(name.split(/[,;:([{|]/, 1)[0] ?? '')

type Keys = { same: string[]; beforeRemark: string[] }
/** A header is asked for a few dozen names, and may have hundreds itself. */
const keysOfHeaders = new WeakMap<readonly string[], Keys>()

function keysOf(names: readonly string[]): Keys {
  const known = keysOfHeaders.get(names)
  if (known) return known
  const keys = { same: names.map(nameKey), beforeRemark: names.map(keyBeforeRemark) }
  keysOfHeaders.set(names, keys)
  return keys
}

/**
 * The columns of a name: those that are the same name, of them the one `spelled` exactly so, else the only one that is the
 * name but for a remark behind it. More than one means that nobody can tell which is meant. `names` is not changed later.
 */
export function columnsNamed(names: readonly string[], wanted: string, spelled = false): number[] {
  const placesOf = (all: readonly string[], sought: string) =>
    all.flatMap((one, index) => (one === sought ? [index] : []))
  const key = nameKey(wanted)
  const exact = spelled ? placesOf(names, wanted.trim()) : []
  if (exact.length > 0) return exact
  const { same, beforeRemark } = keysOf(names)
  const named = placesOf(same, key)
  if (named.length > 0) return named
  const remarked = placesOf(beforeRemark, key)
  return remarked.length === 1 ? remarked : []
}

/** An empty cell says as little as a missing one. */
export const saysNothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '')

/** The first value that says something; else the first that is there at all. */
export function firstTold(values: Iterable<unknown>): unknown {
  let first: unknown
  for (const value of values) {
    if (!saysNothing(value)) return value
    first ??= value
  }
  return first
}

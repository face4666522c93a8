/** Faults that are played on calls to a route, put up and taken down at run time. */

export const FAULT_KINDS = ['status', 'reset', 'half_body', 'html', 'wrong_json', 'hang', 'slow'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** The routes of the provider, as faults name them. */
export const ROUTES = [
  '/external/support-tickets',
  '/external/support-tickets/{id}',
  '/external/deleted-tickets',
  '/notify',
  '/health',
  '/rate-limit/status',
] as const
export type Route = (typeof ROUTES)[number]

export type Fault = {
  /** A route of the provider, or `*` for all of them. */
  route: Route | '*'
  /** Query parameters, the `id` of the path or fields of a JSON body that must have these values. */
  match?: Record<string, string | number | boolean>
  kind: FaultKind
  /** The status of `status` (500), `html` (502) and `wrong_json` (200). */
  status?: number
  /** Sent as the Retry-After header of `status` and `html`, as written: seconds or an HTTP date. */
  retry_after?: string | number
  /** The body of `status` and `wrong_json` in place of their own. */
  body?: unknown
  /** How long `slow` holds the call before it is answered as usual (5000). */
  delay_ms?: number
  /** How many calls it is played on; without it, on all. */
  times?: number
}

export type Faults = {
  /** Replaces the list; throws a FaultError when an entry is not usable, and then changes nothing. */
  put(faults: readonly unknown[]): void
  /** The faults still up, `times` counted down. */
  list(): Fault[]
  /** The first fault for this call, which is thereby used once; undefined when there is none. */
  take(route: Route, values: Record<string, unknown>): Fault | undefined
}

export class FaultError extends Error {
  override readonly name = 'FaultError'
}

export function createFaults(): Faults {
  let faults: Fault[] = []
  return {
    put(given) {
      faults = given.map(checkFault)
    },
    list: () => structuredClone(faults),
    take(route, values) {
      const fault = faults.find((candidate) => applies(candidate, route, values))
      if (fault?.times !== undefined) {
        fault.times -= 1
        if (fault.times === 0) faults = faults.filter((other) => other !== fault)
      }
      return fault
    },
  }
}

function applies(fault: Fault, route: Route, values: Record<string, unknown>): boolean {
  if (fault.route !== '*' && fault.route !== route) return false
  return Object.entries(fault.match ?? {}).every(([name, value]) => String(values[name]) === String(value))
}

function checkFault(given: unknown, index: number): Fault {
  const fault = structuredClone(given) as Fault
  const complain = (sentence: string): never => {
    throw new FaultError(`Fault ${index}: ${sentence}`)
  }
  const wholeNumber = (name: 'status' | 'delay_ms' | 'times', minimum: number, maximum: number) => {
    const value = fault[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= minimum && value <= maximum)) {
      complain(`${name} must be a whole number from ${minimum} to ${maximum}.`)
    }
  }
  if (typeof fault !== 'object' || fault === null) complain('it must be an object.')
  if (fault.route !== '*' && !ROUTES.includes(fault.route)) complain(`route must be * or one of ${ROUTES.join(', ')}.`)
  if (!FAULT_KINDS.includes(fault.kind)) complain(`kind must be one of ${FAULT_KINDS.join(', ')}.`)
  wholeNumber('status', 200, 599)
  wholeNumber('delay_ms', 0, 600_000)
  wholeNumber('times', 1, 1_000_000)
  if (fault.match !== undefined && (typeof fault.match !== 'object' || fault.match === null)) {
    complain('match must be an object of names and values.')
  }
  if (fault.retry_after !== undefined && !['string', 'number'].includes(typeof fault.retry_after)) {
    complain('retry_after must be a text or a number.')
  }
  return fault
}

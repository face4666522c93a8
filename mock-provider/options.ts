/** Everything that can be set: by environment at start, in process, and most of it at run time over `/_control`. */

type Knob<Value> = {
  default: Value
  /** The value, or undefined when `input` is not one. Texts are accepted because environments hold only texts. */
  parse(input: unknown): Value | undefined
  bound: string
  example: string
  about: string
}

const whole = (minimum: number, maximum: number, fallback: number, about: string): Knob<number> => ({
  default: fallback,
  parse(input) {
    const value = typeof input === 'string' && /^\d+$/.test(input.trim()) ? Number(input) : input
    return Number.isInteger(value) && inRange(value, minimum, maximum) ? value : undefined
  },
  bound: `a whole number from ${minimum} to ${maximum}`,
  example: String(fallback),
  about,
})

const ratio = (fallback: number, about: string): Knob<number> => ({
  default: fallback,
  parse(input) {
    const value = typeof input === 'string' && /^\d*\.?\d+$/.test(input.trim()) ? Number(input) : input
    return inRange(value, 0, 1) ? value : undefined
  },
  bound: 'a number from 0 to 1',
  example: String(fallback),
  about,
})

const oneOf = <const Choice extends string>(choices: readonly Choice[], fallback: Choice, about: string) =>
  ({
    default: fallback,
    parse: (input: unknown) => choices.find((choice) => choice === input),
    bound: `one of ${choices.join(', ')}`,
    example: fallback,
    about,
  }) satisfies Knob<Choice>

const flag = (fallback: boolean, about: string): Knob<boolean> => ({
  default: fallback,
  parse(input) {
    if (input === true || input === 'true') return true
    return input === false || input === 'false' ? false : undefined
  },
  bound: 'true or false',
  example: String(fallback),
  about,
})

const host: Knob<string> = {
  default: '127.0.0.1',
  parse: (input) => (typeof input === 'string' && /^[\w.:-]+$/.test(input) ? input : undefined),
  bound: 'a host name or address',
  example: '127.0.0.1',
  about: 'the interface it listens on',
}

const momentOrNull: Knob<string | null> = {
  default: null,
  parse(input) {
    if (input === null) return null
    const written = typeof input === 'string' && /^\d{4}-\d\d-\d\dT.+(Z|[+-]\d\d:\d\d)$/.test(input)
    return written && !Number.isNaN(Date.parse(input)) ? input : undefined
  },
  bound: 'an ISO 8601 time with its zone',
  example: '2026-03-02T09:30:00Z',
  about:
    'realistic only: no ticket is newer than this; unset = the start time. Set it to get the same tickets after a restart',
}

export const NOTIFY_MODES = ['shipped', 'ok', 'failing', 'slow', 'hanging', 'random'] as const
export type NotifyMode = (typeof NOTIFY_MODES)[number]
const DATA_SETS = ['specification', 'realistic'] as const

export const knobs = {
  port: whole(0, 65_535, 9000, 'where it listens; 0 = any free port'),
  host,
  seed: whole(0, 4_294_967_295, 1, 'all data and all randomness follow from it'),
  data: oneOf(DATA_SETS, 'specification', 'which tickets are served'),
  tickets: whole(0, 1_000_000, 10_000, 'how many tickets there are at the start'),
  tenants: whole(1, 1_000, 4, 'how many tenants they belong to: tenant_a, tenant_b, …'),
  newestAt: momentOrNull,
  deleted: ratio(0.05, 'share of the tickets that are deleted'),
  modified: ratio(0.1, 'share that is modified, none of them deleted'),
  redraw: flag(true, 'draw the updated_at of modified tickets anew for every response, as shipped'),
  pageSizeCap: whole(1, 10_000, 100, 'largest page_size that is accepted'),
  rateLimit: whole(0, 1_000_000, 60, 'calls to /external/* admitted in a window; 0 = unlimited'),
  rateWindowSeconds: whole(1, 86_400, 60, 'length of that sliding window'),
  notify: oneOf(NOTIFY_MODES, 'shipped', 'how /notify behaves'),
  notifyDelayMinMs: whole(0, 600_000, 100, 'shortest time /notify takes, in milliseconds'),
  notifyDelayMaxMs: whole(0, 600_000, 500, 'longest time /notify takes, in milliseconds'),
  notifySlowMs: whole(0, 600_000, 10_000, 'time /notify takes when slow, in milliseconds'),
  driftDelete: whole(0, 1_000, 0, 'tickets deleted after every list page served'),
  driftInsert: whole(0, 1_000, 0, 'tickets inserted after every list page served'),
  callLogSize: whole(1, 1_000_000, 200_000, 'how many calls the log remembers'),
} as const satisfies Record<string, Knob<unknown>>

export type KnobName = keyof typeof knobs
type ValueOf<Name extends KnobName> = Exclude<ReturnType<(typeof knobs)[Name]['parse']>, undefined>
export type Options = { [Name in KnobName]: ValueOf<Name> }

export const knobNames = Object.keys(knobs) as KnobName[]
export const defaultOptions = Object.fromEntries(knobNames.map((name) => [name, knobs[name].default])) as Options

/** Thrown for a setting that is not usable; the message has one sentence per setting. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError'
}

const inProcess = (name: KnobName): string => name
/** The name a knob has in the JSON of `/_control`: `rateLimit` is `rate_limit`. */
export const wireName = (name: KnobName): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
/** The environment variable of a knob: `rateLimit` is `MOCK_PROVIDER_RATE_LIMIT`. */
export const variableName = (name: KnobName): string => `MOCK_PROVIDER_${wireName(name).toUpperCase()}`

/** Checks every setting in `input`, keyed as `spelling` spells it; settings left undefined are absent from the answer. */
export function checkOptions(input: Record<string, unknown>, spelling = inProcess): Partial<Options> {
  const values: Record<string, unknown> = {}
  const complaints: string[] = []
  for (const name of knobNames) {
    const given = input[spelling(name)]
    if (given === undefined) continue
    const knob = knobs[name]
    const value = knob.parse(given)
    if (value === undefined)
      complaints.push(`${spelling(name)} must be ${knob.bound}, e.g. ${spelling(name)}=${knob.example}`)
    else values[name] = value
  }
  if (complaints.length > 0) throw new OptionsError(`${complaints.join('.\n')}.`)
  return values as Partial<Options>
}

/** Reads `MOCK_PROVIDER_*`. An empty text counts as unset, as compose files write it. */
export function optionsFromEnvironment(environment: Record<string, string | undefined>): Partial<Options> {
  const given = Object.entries(environment).map(([name, text]) => [name, text === '' ? undefined : text])
  return checkOptions(Object.fromEntries(given), variableName)
}

function inRange(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && value >= minimum && value <= maximum
}

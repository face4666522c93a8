import { load, YAMLException } from 'js-yaml'
import type { z } from 'zod'
import { calendarDocument } from '../../../../core/clocks/index.ts'
import { checkPolicy } from './check-policy.ts'
import { isOriginal, readOriginal } from './original-policy.ts'
import type { Policy, PolicyProblem } from './policy.ts'
import { problemsOf } from './problems.ts'
import { settlePolicy, type WrittenPolicy } from './settle-policy.ts'
import {
  POLICY_BOUNDS,
  policyName,
  writtenAssignment,
  writtenDefaults,
  writtenMultipliers,
  writtenRule,
} from './written-policy.ts'

/** A policy as it is written, and as it is stored with its defaults in every target. */
export const POLICY_BYTES = { written: 64 * 1_024, stored: 256 * 1_024 } as const
/** Ours is five deep. Aliases are refused: a few lines of them make gigabytes. */
const YAML_BOUNDS = { maxDepth: 20, maxAliases: 0 } as const

/** `signalbox`: our own; `original`: base × tier multiplier, as the system before ours had it. */
export type PolicyForm = 'signalbox' | 'original'

export type ReadPolicy = { policy: Policy; form: PolicyForm } | { problems: PolicyProblem[] }

/**
 * Reads a policy from YAML or JSON, as a text or parsed, and checks it: all that is wrong is named at once, by path. `calendars` are
 * the names that it may use besides `always` and those it brings itself.
 */
export function readPolicy(document: unknown, calendars: ReadonlySet<string>): ReadPolicy {
  const parsed = parse(document)
  if ('problems' in parsed) return parsed
  const problems: PolicyProblem[] = []
  const form = isOriginal(parsed.value) ? 'original' : 'signalbox'
  const value = form === 'original' ? readOriginal(parsed.value, problems) : parsed.value
  if (form === 'original' && problems.length > 0) return { problems }
  const written = readSections(value, problems)
  // What could not be read is left out of what is checked across rules: it has its problem already.
  const policy = settlePolicy(written)
  problems.push(...checkPolicy(policy, written, calendars))
  if (JSON.stringify(policy).length > POLICY_BYTES.stored) {
    problems.push({
      path: '',
      message: `is longer than ${POLICY_BYTES.stored / 1_024} kB with its defaults in every target; have fewer rules or fewer people told`,
    })
  }
  return problems.length > 0 ? { problems } : { policy, form }
}

function parse(document: unknown): { value: unknown } | { problems: PolicyProblem[] } {
  const refuse = (message: string) => ({ problems: [{ path: '', message }] })
  const text = typeof document === 'string' ? document : (JSON.stringify(document) ?? '')
  if (Buffer.byteLength(text) > POLICY_BYTES.written) return refuse(`is longer than ${POLICY_BYTES.written / 1_024} kB`)
  if (typeof document !== 'string') return { value: document }
  try {
    return { value: load(text, YAML_BOUNDS) }
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    return refuse(`is not YAML: ${error.reason}${error.mark ? `, in line ${error.mark.line + 1}` : ''}`)
  }
}

const SECTIONS = ['defaults', 'tier_multipliers', 'rules', 'assignments', 'calendars'] as const

/** Each section by itself, each rule by itself: a mistake in one hides none in another. */
function readSections(value: unknown, problems: PolicyProblem[]): WrittenPolicy {
  const section = sectionsOf(value, problems)
  const read = <S extends z.ZodType>(schema: S, one: unknown, path: string): z.output<S> | undefined => {
    const result = schema.safeParse(one)
    if (result.success) return result.data
    for (const issue of result.error.issues) problems.push(...problemsOf(issue, path))
    return undefined
  }
  const readList = <S extends z.ZodType>(schema: S, name: 'rules' | 'assignments', least: number) => {
    const list = section[name] ?? (least > 0 ? undefined : [])
    if (!Array.isArray(list)) {
      problems.push({ path: name, message: 'must be a list' })
      return []
    }
    if (list.length < least) problems.push({ path: name, message: 'must have at least one' })
    if (list.length > POLICY_BOUNDS[name]) {
      problems.push({ path: name, message: `has more than ${POLICY_BOUNDS[name]}` })
      return []
    }
    return list
      .map((one) => one as unknown)
      .flatMap((one, place) => {
        const known = read(schema, one, `${name}.${place}`)
        return known === undefined ? [] : [{ place, value: known }]
      })
  }
  const calendars = Object.entries(isRecord(section.calendars) ? section.calendars : {})
  if (section.calendars !== undefined && !isRecord(section.calendars))
    problems.push({ path: 'calendars', message: 'must be calendars by name' })
  if (calendars.length > POLICY_BOUNDS.calendars)
    problems.push({ path: 'calendars', message: `has more than ${POLICY_BOUNDS.calendars}` })
  return {
    defaults: read(writtenDefaults, section.defaults ?? {}, 'defaults') ?? {},
    multipliers: read(writtenMultipliers, section.tier_multipliers ?? {}, 'tier_multipliers') ?? {},
    rules: readList(writtenRule, 'rules', 1),
    assignments: readList(writtenAssignment, 'assignments', 0),
    calendars: calendars.slice(0, POLICY_BOUNDS.calendars).flatMap(([name, calendar]) => {
      const path = `calendars.${name.slice(0, 80)}`
      const known = [read(policyName, name, path), read(calendarDocument, calendar, path)] as const
      return known[0] === undefined || known[1] === undefined ? [] : [{ name: known[0], document: known[1] }]
    }),
    calendarNames: new Set(calendars.map(([name]) => name)),
  }
}

function sectionsOf(value: unknown, problems: PolicyProblem[]): Partial<Record<(typeof SECTIONS)[number], unknown>> {
  if (!isRecord(value)) {
    problems.push({ path: '', message: `must have the sections ${SECTIONS.join(', ')}` })
    return { rules: [] }
  }
  for (const key of Object.keys(value).slice(0, POLICY_BOUNDS.rules)) {
    if (!(SECTIONS as readonly string[]).includes(key))
      problems.push({ path: key.slice(0, 80), message: `is not known; there are ${SECTIONS.join(', ')}` })
  }
  return value
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

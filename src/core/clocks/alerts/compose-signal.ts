import type { NewSignal } from '../../signals/index.ts'
import type { Alert, DueAlert } from '../subjects/alert-changes.ts'
import type { SubjectView } from '../subjects/subject-kind.ts'
import { instantInZone, leftInWords, TARGET_NAMES } from './alert-words.ts'

/** What was due longer ago than this when somebody is told is marked late. */
export const LATE_AFTER_MS = 60_000
/** Subjects that a signal of many names. */
const NAMED_MAX = 20

/** An alert of a subject that somebody is to be told of. */
export type Telling = DueAlert & { kind: string; subjectId: string; nowMs: number }

const SEVERITY = { warning: 'warning', breached: 'critical', escalated: 'critical' } as const

/** The signal of one alert. */
export function signalOf(telling: Telling, view: SubjectView | undefined): NewSignal {
  const { clock, kind, subjectId, threshold, alert } = telling
  const name = view?.name ?? `${kind} ${subjectId}`
  return {
    ...{ kind: `sla.${alert}`, subject: `${kind}:${subjectId}`, severity: SEVERITY[alert] },
    title: titleOf(telling, name),
    facts: { ...view?.facts, ...factsOf(telling), ...(view?.link === undefined ? {} : { link: view.link }) },
    dedupeKey: `sla.${alert}:${kind}:${subjectId}:${clock.target}:${clock.round}:${threshold}`,
  }
}

function titleOf({ clock, alert, level }: Telling, name: string): string {
  const left = leftInWords(clock.targetMs - clock.elapsedMs)
  const what = `${TARGET_NAMES[clock.target]} of ${name}`
  if (alert === 'warning') return `${what} is due soon: ${left}`
  if (alert === 'breached') return `${what} is late`
  return `Escalation level ${level ?? 1}: ${what}, ${left}`
}

function factsOf({ clock, alert, reachedMs, nowMs, level, tells }: Telling): Record<string, unknown> {
  const { target, dueMs, breachedMs, zone, targetMs, elapsedMs } = clock
  const deadlineMs = breachedMs ?? dueMs
  return {
    ...{
      target,
      deadline: deadlineMs === null ? null : instantInZone(deadlineMs, zone),
      time_left: leftInWords(targetMs - elapsedMs),
    },
    deadline_at: deadlineMs === null ? null : new Date(deadlineMs).toISOString(),
    left_seconds: Math.floor((targetMs - elapsedMs) / 1_000),
    ...(alert === 'escalated' ? { level: level ?? 1 } : {}),
    ...(tells && tells.roles.length > 0 ? { roles: tells.roles } : {}),
    ...(tells && tells.channels.length > 0 ? { channels: tells.channels } : {}),
    ...(isLate(reachedMs, nowMs) ? { late: true, reached_at: new Date(reachedMs).toISOString() } : {}),
  }
}

const isLate = (reachedMs: number, nowMs: number) => nowMs - reachedMs > LATE_AFTER_MS

const MANY: Readonly<Record<Alert, string>> = {
  warning: 'deadlines are near',
  breached: 'deadlines were missed',
  escalated: 'deadlines are escalated',
}

/** One signal for many alerts that came together: the first of them by name, all of them by number. */
export function signalOfMany(
  tellings: readonly Telling[],
  views: ReadonlyMap<string, SubjectView>,
  id: string,
): NewSignal {
  const [first] = tellings
  if (!first) throw new Error('a signal of nothing')
  const { alert, kind, level, nowMs, tells } = first
  const oldest = tellings.toSorted((one, other) => one.reachedMs - other.reachedMs)
  const named = oldest.slice(0, NAMED_MAX).map(({ subjectId, clock }) => {
    return `${TARGET_NAMES[clock.target]} of ${views.get(subjectId)?.name ?? `${kind} ${subjectId}`}`
  })
  const late = tellings.filter(({ reachedMs }) => isLate(reachedMs, nowMs)).length
  return {
    ...{ kind: `sla.${alert}`, subject: `${kind}:many`, severity: SEVERITY[alert] },
    title: `${alert === 'escalated' ? `Escalation level ${level ?? 1}: ` : ''}${tellings.length} ${MANY[alert]} at the same time`,
    facts: {
      ...{ count: tellings.length, subjects: named, not_named: Math.max(tellings.length - NAMED_MAX, 0) },
      ...(alert === 'escalated' ? { level: level ?? 1 } : {}),
      ...(tells && tells.roles.length > 0 ? { roles: tells.roles } : {}),
      ...(tells && tells.channels.length > 0 ? { channels: tells.channels } : {}),
      ...(late > 0
        ? { late: true, late_count: late, reached_at: new Date(oldest[0]?.reachedMs ?? nowMs).toISOString() }
        : {}),
    },
    dedupeKey: `sla.${alert}:${kind}:many:${id}`,
  }
}

/** Those that are told one by one, and those that are told together: more than `togetherMax` of one sort. */
export function sortTellings(
  tellings: readonly Telling[],
  togetherMax: number,
): { single: Telling[]; many: Telling[][] } {
  const sorts = Map.groupBy(tellings, ({ kind, alert, level }) => `${kind} ${alert} ${level ?? ''}`)
  const all = [...sorts.values()]
  return {
    single: all.filter(({ length }) => length <= togetherMax).flat(),
    many: all.filter(({ length }) => length > togetherMax),
  }
}

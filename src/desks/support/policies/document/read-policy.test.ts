import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEFAULT_POLICY_TEXT, defaultPolicy } from './default-policy.ts'
import { readDuration } from './duration.ts'
import { computeMatrix } from './matrix.ts'
import { STANDARD_ASSIGNMENTS } from './original-policy.ts'
import { ORIGINAL } from './policies.fixture.ts'
import type { Policy } from './policy.ts'
import { readPolicy } from './read-policy.ts'

const read = (document: unknown, calendars: string[] = []) => readPolicy(document, new Set(calendars))
function policyOf(document: unknown, calendars: string[] = []): Policy {
  const result = read(document, calendars)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.policy
}
function problemsOf(document: unknown, calendars: string[] = []): Record<string, string> {
  const result = read(document, calendars)
  return 'problems' in result ? Object.fromEntries(result.problems.map(({ path, message }) => [path, message])) : {}
}
const rule = (targets: object, when: object = {}, name = 'rule') => ({ name, when, targets })

/** Response / resolution in whole minutes, as the original cut them. */
const FACTS = {
  critical: { enterprise: '7/120', business: '11/180', standard: '15/240', free: '22/360' },
  high: { enterprise: '30/240', business: '45/360', standard: '60/480', free: '90/720' },
  medium: { enterprise: '120/720', business: '180/1080', standard: '240/1440', free: '360/2160' },
  low: { enterprise: '240/1440', business: '360/2160', standard: '480/2880', free: '720/4320' },
}
function minutesOf(policy: Policy) {
  const minutes: Record<string, Record<string, string>> = {}
  for (const { priority, tier, targets } of computeMatrix(policy)) {
    const whole = [targets.first_response, targets.resolution].map((target) => Math.floor((target?.seconds ?? 0) / 60))
    minutes[priority] = { ...minutes[priority], [tier]: whole.join('/') }
  }
  return minutes
}

describe('the original’s sla_config.yaml', () => {
  test('is accepted as it is and makes its matrix, with the seconds that it cut', () => {
    const policy = policyOf(ORIGINAL)
    expect(minutesOf(policy)).toEqual(FACTS)
    const seconds = computeMatrix(policy)
      .filter(({ priority }) => priority === 'critical')
      .map(({ targets }) => targets.first_response?.seconds)
    expect(seconds).toEqual([450, 675, 900, 1_350])
  })

  test('warns when 15% are left and escalates towards the breach, telling the channels of each level', () => {
    const { warnings, escalations } = policyOf(ORIGINAL).rules[0]?.targets.resolution ?? {}
    expect(warnings).toEqual([{ before: { percent: 15 }, roles: [], channels: ['#support-alerts'] }])
    expect(escalations).toEqual([
      { level: 2, before: { percent: 7.5 }, roles: [], channels: ['#support-alerts', '#support-managers'] },
      { level: 3, afterSeconds: 0, roles: [], channels: ['#support-alerts', '#support-managers', '#escalations'] },
    ])
  })

  test('pauses while somebody else has to answer, and gives tickets without priority or tier what the shipped policy gives', () => {
    const policy = policyOf(ORIGINAL)
    expect(policy.rules[0]?.targets.first_response?.pausing).toEqual(['pending_customer', 'pending_vendor'])
    expect(policy.assignments).toEqual(defaultPolicy().assignments)
    expect(policyOf({ rules: [rule({ resolution: 60 })], assignments: STANDARD_ASSIGNMENTS }).assignments).toEqual(
      defaultPolicy().assignments,
    )
  })

  test('with only a part of it has the original’s numbers for the rest', () => {
    const policy = policyOf('sla_targets:\n  critical:\n    response: 7.5\ncustomer_tier_multipliers: { free: 2 }\n')
    expect(policy.multipliers).toEqual({ enterprise: 0.5, business: 0.75, standard: 1, free: 2 })
    const seconds = policy.rules.map(({ name, targets }) => [
      name,
      targets.first_response?.seconds,
      targets.resolution?.seconds,
    ])
    expect(seconds).toEqual([
      ['critical', 450, 28_800],
      ['high', 3_600, 28_800],
      ['medium', 3_600, 28_800],
      ['low', 3_600, 28_800],
    ])
  })

  test('that the original took without complaint is refused with every problem by its path', () => {
    const problems = problemsOf({
      sla_targets: { critical: { response: -5, resolution: 0 }, urgent: { response: 5 } },
      customer_tier_multipliers: { enterprise: -0.5, gold: 1 },
      escalation_thresholds: { warning: 500, breach: 5 },
      escalation_levels: [{ level: 2 }, { level: 1, notify: [''] }],
      targets: {},
    })
    expect(Object.keys(problems).sort()).toEqual([
      'customer_tier_multipliers.enterprise',
      'customer_tier_multipliers.gold',
      'escalation_levels.1.level',
      'escalation_levels.1.notify.0',
      'escalation_thresholds.breach',
      'escalation_thresholds.warning',
      'sla_targets.critical.resolution',
      'sla_targets.critical.response',
      'sla_targets.urgent',
      'targets',
    ])
  })
})

describe('the shipped policy', () => {
  test('is the matrix of the original, pauses, and gives every ticket a priority and a tier', () => {
    expect(minutesOf(defaultPolicy())).toEqual(FACTS)
    expect(read(DEFAULT_POLICY_TEXT)).toMatchObject({ form: 'signalbox' })
  })
})

describe('a policy', () => {
  test('as docs/sla.md shows it can be published as it stands there', () => {
    const page = readFileSync(new URL('../../../../../docs/sla.md', import.meta.url), 'utf8')
    const [, example] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
    expect(policyOf(example, ['Support hours']).rules).toHaveLength(3)
  })

  test('has its defaults in every target that does not say otherwise', () => {
    const policy = policyOf(
      `
defaults: { calendar: Office, pausing: [pending_vendor], warnings: [50%, PT10M] }
rules:
  - name: all
    targets:
      first_response: PT1H30M
      next_response: { within: 90, calendar: always, pausing: [], warnings: [] }
      resolution: none
`,
      ['Office'],
    )
    const told = { roles: [], channels: [] }
    expect(policy.rules[0]?.targets).toEqual({
      first_response: {
        ...{ seconds: 5_400, calendar: 'Office', pausing: ['pending_vendor'], escalations: [] },
        warnings: [
          { before: { percent: 50 }, ...told },
          { before: { seconds: 600 }, ...told },
        ],
      },
      next_response: { seconds: 5_400, calendar: 'always', pausing: [], warnings: [], escalations: [] },
      resolution: null,
    })
  })

  test('is refused with all its problems at once, each by its path, however far apart they are', () => {
    const problems = problemsOf({
      defaults: { calendar: 'Nowhere', colour: 'red' },
      tier_multipliers: { enterprise: 0, gold: 2 },
      rules: [
        rule({ first_response: -1, resolution: 'PT0S' }),
        rule({ resolution: { within: 'soon', warnings: ['120%'], pausing: ['closed'] } }, { priority: 'urgent' }),
        rule({}, { colour: 'red' }, 'nothing'),
        rule({ resolution: { within: 60, calendar: 'Gone' } }, { tag: ['a', 'b'] }, 'late'),
        rule({ resolution: { within: 60, calendar: 'always' } }, { tag: 'B', priority: 'low' }, 'hidden'),
      ],
      assignments: [{ name: 'x', when: { keyword: [''] }, set: {} }],
      calendars: { always: { zone: 'UTC' }, Closed: { zone: 'Europe/Berlin' }, Mars: { zone: 'Mars/Olympus' } },
      extra: 1,
    })
    expect(Object.keys(problems).sort()).toEqual([
      'assignments.0.set',
      'assignments.0.when.keyword.0',
      'calendars.Closed',
      'calendars.Mars.zone',
      'calendars.always',
      'defaults.colour',
      'extra',
      'rules.0.targets.first_response',
      'rules.0.targets.resolution',
      'rules.1.targets.resolution.pausing.0',
      'rules.1.targets.resolution.warnings.0',
      'rules.1.targets.resolution.within',
      'rules.1.when.priority.0',
      'rules.2.targets',
      'rules.2.when.colour',
      'rules.3.targets.resolution.calendar',
      'rules.4',
      'tier_multipliers.enterprise',
      'tier_multipliers.gold',
    ])
  })

  test.each([
    ['warnings that come in the wrong order', { warnings: ['15%', '50%'] }, 'warnings.1'],
    ['a share and a time that come in the wrong order', { warnings: ['PT10M', '50%'] }, 'warnings.1'],
    ['a warning before the target begins', { warnings: ['PT2H'] }, 'warnings.0'],
    [
      'a level twice',
      {
        escalations: [
          { level: 1, before: 30 },
          { level: 1, after: 0 },
        ],
      },
      'escalations.1.level',
    ],
    [
      'a higher level that comes earlier',
      {
        escalations: [
          { level: 1, after: 60 },
          { level: 2, after: 0 },
        ],
      },
      'escalations.1',
    ],
    ['a level without a time', { escalations: [{ level: 1 }] }, 'escalations.0'],
    ['a level before and after', { escalations: [{ level: 1, before: 5, after: 5 }] }, 'escalations.0'],
  ])('is refused for %s', (_, terms, path) => {
    const problems = problemsOf({ rules: [rule({ resolution: { within: 60, ...terms } })] })
    expect(Object.keys(problems)).toEqual([`rules.0.targets.resolution.${path}`])
  })

  test('is refused for what is too early or too late for one tier only, which it names', () => {
    const short = {
      tier_multipliers: { enterprise: 0.5 },
      rules: [rule({ resolution: { within: 60, warnings: [30] } })],
    }
    expect(problemsOf(short)).toEqual({
      'rules.0.targets.resolution.warnings.0':
        'is not shorter than the target rules.0.targets.resolution (30 min for enterprise)',
    })
    const long = { tier_multipliers: { free: 2 }, rules: [rule({ resolution: 'P60D' })] }
    expect(problemsOf(long)).toEqual({
      'rules.0.targets.resolution': 'is more than 100 days of open time: 120 d for free',
    })
    expect(problemsOf({ ...long, rules: [rule({ resolution: 'P60D' }, { tier: 'standard' })] })).toEqual({})
  })

  test('is refused once for a default that fits no rule', () => {
    const rules = ['critical', 'high'].map((priority) => rule({ resolution: 20 }, { priority }, priority))
    expect(Object.keys(problemsOf({ defaults: { warnings: [30] }, rules }))).toEqual(['defaults.warnings.0'])
  })
})

describe('a rule', () => {
  const both = { first_response: 5, resolution: 60 }
  test.each<[string, object[], string[]]>([
    ['behind one that takes everything', [rule(both, {}, 'a'), rule(both, { tag: 'x' }, 'b')], ['rules.1']],
    [
      'behind one for the same',
      [rule(both, { tag: ['X', 'y'] }, 'a'), rule(both, { tag: 'x', tier: 'free' }, 'b')],
      ['rules.1'],
    ],
    [
      'behind several that together leave nothing',
      [
        rule(both, { tier: ['enterprise', 'business'] }, 'a'),
        rule(both, { tier: ['standard', 'free'] }, 'b'),
        rule(both, { tier: ['business', 'free'], customer: 'acme' }, 'c'),
      ],
      ['rules.2'],
    ],
    [
      'of which another takes one target',
      [rule({ resolution: 5 }, {}, 'a'), rule(both, {}, 'b')],
      ['rules.1.targets.resolution'],
    ],
    [
      'behind one that says there is none',
      [rule({ resolution: 'none' }, {}, 'a'), rule({ resolution: 5 }, {}, 'b')],
      ['rules.1'],
    ],
  ])('%s is named as hidden', (_, rules, paths) => {
    const problems = problemsOf({ rules })
    expect(Object.keys(problems)).toEqual(paths)
    expect(Object.values(problems).every((message) => message.startsWith('can never hold: “a”'))).toBe(true)
  })

  test.each<[string, object[]]>([
    [
      'for tickets without a tier, behind all tiers',
      [rule(both, { tier: ['enterprise', 'business', 'standard', 'free'] }, 'a'), rule(both, {}, 'b')],
    ],
    ['for more than the one before it', [rule(both, { tag: 'x', tier: 'free' }, 'a'), rule(both, { tag: 'x' }, 'b')]],
    ['for another customer', [rule(both, { customer: 'acme' }, 'a'), rule(both, { customer: ['acme', 'other'] }, 'b')]],
    ['for another target', [rule({ resolution: 5 }, {}, 'a'), rule({ first_response: 5 }, {}, 'b')]],
  ])('%s is not', (_, rules) => {
    expect(problemsOf({ rules })).toEqual({})
  })
})

describe('a document', () => {
  test.each([
    ['aliases', 'a: &a [x, x]\nb: &b [*a, *a]\nrules: [*b, *b]'],
    ['more depth than any policy has', `rules: ${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ['a tag that would make code', 'rules: !!js/function "function(){}"'],
    ['a key twice', 'rules: []\nrules: []'],
    ['more than 64 kB', `rules: "${'x'.repeat(70_000)}"`],
    ['nothing', ''],
    ['no text at all', undefined],
    ['null', null],
    ['a text alone', 'hello'],
    ['a list', '[1, 2]'],
  ])('with %s is refused in words, and quickly', (_, text) => {
    const problems = problemsOf(text)
    expect(Object.keys(problems)).toContain('')
    expect(Object.values(problems).every((message) => message.length < 200)).toBe(true)
  })

  test('whose keys are those of every object is refused like any other unknown key', () => {
    const text =
      '__proto__: { rules: [] }\nconstructor: 1\nrules: [{ name: a, targets: { resolution: 5, __proto__: 1 } }]'
    expect(Object.keys(problemsOf(text)).sort()).toEqual(['__proto__', 'constructor', 'rules.0.targets.__proto__'])
    expect(Object.keys(problemsOf('rules: 5\ncalendars: 7')).sort()).toEqual(['calendars', 'rules'])
  })

  test('that grows by its defaults beyond what is stored is refused', () => {
    const channels = Array.from({ length: 10 }, (_, place) => `${place}${'x'.repeat(110)}`)
    const escalations = Array.from({ length: 10 }, (_, place) => ({ level: place + 1, after: place, channels }))
    const rules = Array.from({ length: 100 }, (_, place) => rule({ resolution: 60 }, { tag: `t${place}` }, `r${place}`))
    expect(problemsOf({ defaults: { escalations }, rules })['']).toContain('with its defaults')
  })

  test('as JSON says the same as in YAML', () => {
    expect(read(JSON.stringify({ rules: [rule({ resolution: 60 })] }))).toEqual(
      read({ rules: [rule({ resolution: 60 })] }),
    )
  })
})

test.each([
  [15, 900],
  [7.5, 450],
  [0.01, 1],
  ['PT1H30M', 5_400],
  ['P1DT2H', 93_600],
  ['P1W', 604_800],
  ['PT0.5H', 1_800],
  ['PT90S', 90],
])('the duration %s is %i seconds', (written, seconds) => {
  expect(readDuration(written)).toEqual({ seconds })
})

test.each([
  -1,
  '-PT5M',
  'P1Y',
  'P1M',
  'PT',
  'P',
  '',
  '15',
  'P1DT',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  null,
  {},
  'P1000D',
  '1e9',
])('the duration %s is refused', (written) => {
  expect(readDuration(written)).toHaveProperty('problem')
})

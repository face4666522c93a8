import { readFileSync } from 'node:fs'
import { dump, load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { GENERATED_RULES, generatedFrom, RULE_FILE } from '../../../../test/generate-rules.ts'
import {
  classify,
  compileRules,
  InvalidRules,
  loadBaseRules,
  type OverrideDocument,
  readOverride,
  readRules,
} from './index.ts'
import { MARKS } from './rule-document.ts'

const yaml = readFileSync(RULE_FILE, 'utf8')
const base = loadBaseRules()
const urgencyOf = (message: string, override?: OverrideDocument) =>
  classify(compileRules(base, override), { subject: '', message }).urgency

describe('the rule file', () => {
  it('is valid and has a version', () => {
    expect(readRules(yaml).version).toMatch(/^\d{4}\.\d+\.\d+$/)
  })

  it('is what processes start with, names in the same order: else run npm run generate:rules', () => {
    expect(readFileSync(GENERATED_RULES, 'utf8') === generatedFrom(yaml)).toBe(true)
    expect(base).toEqual(readRules(yaml))
  })

  /** What a term finds: a sentence made of its own words, the first of each alternative, gaps left out. */
  const sentenceOf = (term: string) =>
    term
      .split(/\s+/)
      .filter((word) => !word.startsWith('~'))
      .map((word) => word.split('/')[0] ?? word)
      .map((word) => base.lists[word]?.[0] ?? word)
      .map((word) => ({ NUMBER: '3', TIME: '14:30', CODE: '77123' })[word] ?? word)
      .map((word) => word.replaceAll('*', ''))
      .join(' ')

  const own = (name: string) => ({
    ...base,
    // Alone, so that no other rule can take the words, cancel it or stand before it.
    concepts: {
      [name]: {
        ...base.concepts[name],
        cancels: undefined,
        negated: 'keep',
        hypothetical: 'keep',
        weights: { action: 1 },
      },
    },
    combinations: {},
  })

  it.each(Object.keys(base.concepts))('every term of %s finds itself', (name) => {
    const rules = compileRules(own(name) as typeof base)
    const terms = Object.values(base.concepts[name]?.terms ?? {}).flat()
    expect(terms.length).toBeGreaterThan(0)
    const unmatched = terms.filter((term) => {
      const text = { subject: '', message: sentenceOf(term) }
      return !classify(rules, text).matches.some(({ rule }) => rule === name)
    })
    expect(unmatched).toEqual([])
  })

  it('has in every combination and cancellation only concepts that exist', () => {
    const known = new Set([...Object.keys(base.concepts), ...MARKS])
    for (const { all, any = [], none = [] } of Object.values(base.combinations)) {
      for (const one of [...all, ...any, ...none]) expect(known).toContain(one)
    }
  })

  it('gives no urgency to any mood', () => {
    for (const { about, weights } of Object.values(base.concepts)) {
      if (about === 'mood') expect(weights.urgency ?? 0).toBe(0)
    }
  })
})

// biome-ignore lint/suspicious/noExplicitAny: a document to be broken in one place.
type Broken = any

describe('a rule file that cannot be used is refused with the path to what is wrong', () => {
  it.each<[string, string, (document: Broken) => void]>([
    ['an unknown key', '(document): Unrecognized key', (d) => (d.surprise = 1)],
    ['an unknown key of a concept', 'concepts.fraud: Unrecognized key', (d) => (d.concepts.fraud.weight = 1)],
    ['an unknown language', 'concepts.fraud.terms', (d) => (d.concepts.fraud.terms.it = ['frode'])],
    [
      'a weight that is no number',
      'concepts.fraud.weights.urgency',
      (d) => (d.concepts.fraud.weights.urgency = 'much'),
    ],
    ['a weight out of bounds', 'concepts.fraud.weights.urgency', (d) => (d.concepts.fraud.weights.urgency = 101)],
    ['urgency of a mood', 'concepts.anger.weights.urgency', (d) => (d.concepts.anger.weights.urgency = 3)],
    ['urgency of a mark', 'marks.shouting.urgency', (d) => (d.marks.shouting.urgency = 3)],
    ['a gap that is too wide', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['a ~9 b'])],
    ['three gaps', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['a ~1 b ~1 c ~1 d'])],
    ['a gap at the end', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['a ~2'])],
    ['a term without words', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['!!'])],
    ['a stem too short', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['ab*'])],
    ['a term too long', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['x'.repeat(241)])],
    ['nine words', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['a b c d e f g h i'])],
    ['an unknown list', 'concepts.fraud.terms.en.0', (d) => (d.concepts.fraud.terms.en = ['my NOBODY'])],
    ['a list of phrases', 'lists.DAY.0', (d) => (d.lists.DAY = ['next week'])],
    ['too many terms', 'concepts.fraud.terms.en', (d) => (d.concepts.fraud.terms.en = Array(1_001).fill('word'))],
    ['a negation that leads nowhere', 'concepts.solved.negated', (d) => (d.concepts.solved.negated = 'nowhere')],
    [
      'a cancellation of nothing',
      'concepts.solved.cancels.concepts.0',
      (d) => (d.concepts.solved.cancels.concepts = ['nothing']),
    ],
    ['a combination of nothing', 'combinations.outage_now', (d) => (d.combinations.outage_now.all = ['nothing'])],
    ['thresholds in the wrong order', 'thresholds.urgency.medium', (d) => (d.thresholds.urgency.medium = 50)],
    ['a missing language', 'languages.fr', (d) => delete d.languages.fr],
    ['a missing version', 'version', (d) => delete d.version],
  ])('%s', (_, path, spoil) => {
    const document = load(yaml) as Broken
    spoil(document)
    const refused = () => readRules(dump(document, { noRefs: true }))
    expect(refused).toThrow(InvalidRules)
    expect(refused).toThrow(path)
  })

  it.each([
    ['no YAML', '{ version: ['],
    ['aliases, which can make gigabytes of a line', 'a: &a [x]\nb: *a'],
    ['a file too long', `# ${'x'.repeat(1_000_000)}`],
  ])('%s', (_, text) => {
    expect(() => readRules(text)).toThrow(InvalidRules)
  })
})

describe("a tenant's override", () => {
  it('adds terms of the same language', () => {
    const override = readOverride(base, {
      concepts: { outage: { add: { de: ['Förderband* ~2 steht'] }, weights: { urgency: 12 } } },
    })
    const message = 'Das Foerderband bei uns steht.'
    expect(urgencyOf(message)).not.toBe('high')
    expect(urgencyOf(message, override)).toBe('high')
  })

  it('removes terms, and only for this tenant', () => {
    const override = readOverride(base, { concepts: { legal_threat: { remove: ['lawsuit'] } } })
    expect(urgencyOf('lawsuit', override)).toBe('low')
    expect(urgencyOf('lawsuit')).toBe('high')
  })

  it('changes weights', () => {
    const override = readOverride(base, { concepts: { refund_request: { weights: { urgency: 20 } } } })
    expect(urgencyOf('I want a refund', override)).toBe('high')
  })

  it('switches concepts and combinations off', () => {
    const override = readOverride(base, {
      concepts: { legal_threat: { off: true } },
      combinations: { refund_with_ultimatum: { off: true } },
    })
    expect(urgencyOf('This is a lawsuit', override)).toBe('low')
    expect(compileRules(base, override).combinations.map(({ name }) => name)).not.toContain('refund_with_ultimatum')
  })

  it('makes a version of its own, the same for the same content in any order', () => {
    const versionOf = (value: unknown) => compileRules(base, readOverride(base, value)).version
    const one = versionOf({ concepts: { praise: { off: true }, fraud: { weights: { urgency: 9, action: 1 } } } })
    const same = versionOf({ concepts: { fraud: { weights: { action: 1, urgency: 9 } }, praise: { off: true } } })
    const other = versionOf({ concepts: { fraud: { weights: { action: 1, urgency: 8 } }, praise: { off: true } } })
    expect(one).toMatch(new RegExp(`^${base.version}\\+[0-9a-f]{12}$`))
    expect(same).toBe(one)
    expect(other).not.toBe(one)
    expect(versionOf({})).toBe(base.version)
  })

  it('costs little to hold: without own terms it shares the tables of the base', () => {
    const plain = compileRules(base)
    const tenant = compileRules(base, readOverride(base, { concepts: { praise: { off: true } } }))
    expect(tenant.lexicons).toEqual(plain.lexicons)
    expect(tenant.lexicons[0]).toBe(plain.lexicons[0])
  })

  it.each([
    ['an unknown concept', 'concepts.nothing', { concepts: { nothing: { off: true } } }],
    ['an unknown combination', 'combinations.nothing', { combinations: { nothing: { off: true } } }],
    ['an unknown key', 'Unrecognized key', { concepts: { fraud: { terms: { en: ['x'] } } } }],
    ['a term that is not there', 'concepts.fraud.remove.0', { concepts: { fraud: { remove: ['no such term'] } } }],
    ['a broken term', 'concepts.fraud.add.en.0', { concepts: { fraud: { add: { en: ['~2 x'] } } } }],
    ['an unknown list', 'concepts.fraud.add.en.0', { concepts: { fraud: { add: { en: ['NOBODY'] } } } }],
    ['urgency of a mood', 'concepts.anger.weights.urgency', { concepts: { anger: { weights: { urgency: 5 } } } }],
    ['too many terms', 'concepts', { concepts: { fraud: { add: { en: Array(501).fill('word') } } } }],
    ['no object', '', 'refund: high'],
  ])('%s is refused with its path', (_, path, value) => {
    expect(() => readOverride(base, value)).toThrow(InvalidRules)
    expect(() => readOverride(base, value)).toThrow(path)
  })
})

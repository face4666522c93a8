import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import type { z } from 'zod'
import { costProblems } from './own-terms.ts'
import { type OverrideDocument, overrideDocument, type RuleDocument, ruleDocument } from './rule-document.ts'
import { InvalidRules, type RuleProblem } from './rule-problem.ts'
import { isForm } from './slots.ts'
import { readTerm } from './term.ts'

/** A rule file is a few hundred kilobytes at most; YAML aliases are refused, since a few lines of them make gigabytes. */
const FILE_CHARACTERS_MAX = 1_000_000

/**
 * The rules that ship with the product: rules.yaml as `readRules` reads it, written down by `npm run generate:rules`
 * because each start would wait for it; a test compares them.
 */
export function loadBaseRules(): RuleDocument {
  return JSON.parse(readFileSync(new URL('./rules.generated.json', import.meta.url), 'utf8')) as RuleDocument
}

/** Reads a rule file. Throws InvalidRules. */
export function readRules(yaml: string): RuleDocument {
  if (yaml.length > FILE_CHARACTERS_MAX) {
    throw new InvalidRules([{ path: '', message: `is longer than ${FILE_CHARACTERS_MAX} characters` }])
  }
  return check(ruleDocument, parseYaml(yaml))
}

/** Checks what a tenant wants to change against the base it changes, and what that can cost. Throws InvalidRules. */
export function readOverride(base: RuleDocument, value: unknown): OverrideDocument {
  const override = check(overrideDocument, value)
  const problems = [...overrideProblems(base, override)]
  if (problems.length === 0) problems.push(...costProblems(base, override))
  if (problems.length > 0) throw new InvalidRules(problems)
  return override
}

function* overrideProblems(base: RuleDocument, override: OverrideDocument): Generator<RuleProblem> {
  for (const [name, change] of Object.entries(override.concepts)) {
    const path = `concepts.${name}`
    const concept = Object.hasOwn(base.concepts, name) ? base.concepts[name] : undefined
    if (!concept) {
      yield { path, message: `there is no concept "${name}"` }
      continue
    }
    if (concept.about === 'mood' && (change.weights?.urgency ?? 0) !== 0) {
      yield { path: `${path}.weights.urgency`, message: 'how somebody feels makes nothing urgent' }
    }
    const known = new Set(Object.values(concept.terms).flat())
    for (const [place, text] of (change.remove ?? []).entries()) {
      if (!known.has(text)) yield { path: `${path}.remove.${place}`, message: `the concept has no term "${text}"` }
    }
    for (const [language, texts] of Object.entries(change.add ?? {})) {
      for (const [place, text] of (texts ?? []).entries()) {
        const missing = readTerm(text).lists.find((list) => !isList(base, list))
        if (missing)
          yield { path: `${path}.add.${language}.${place}`, message: `"${text}": there is no list ${missing}` }
      }
    }
  }
  for (const name of Object.keys(override.combinations)) {
    if (Object.hasOwn(base.combinations, name)) continue
    yield { path: `combinations.${name}`, message: `there is no combination "${name}"` }
  }
}

const isList = (base: RuleDocument, name: string) => isForm(name) || Object.hasOwn(base.lists, name)

function parseYaml(yaml: string): unknown {
  try {
    return load(yaml, { maxAliases: 0 })
  } catch (error) {
    throw new InvalidRules([{ path: '', message: error instanceof Error ? error.message : String(error) }])
  }
}

function check<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new InvalidRules(result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })))
}

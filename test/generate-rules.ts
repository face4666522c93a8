import { readFileSync, writeFileSync } from 'node:fs'
import { readRules } from '../src/desks/support/classification/index.ts'

const inModule = (file: string) => new URL(`../src/desks/support/classification/${file}`, import.meta.url)
export const RULE_FILE = inModule('rules.yaml')
export const GENERATED_RULES = inModule('rules.generated.json')

/** What stands in `rules.generated.json`: a line for each concept, list and combination. Throws InvalidRules. */
export function generatedFrom(yaml: string): string {
  const parts = Object.entries(readRules(yaml)).map(([name, part]) => `${JSON.stringify(name)}: ${linesOf(part)}`)
  return `{\n${parts.join(',\n')}\n}\n`
}

function linesOf(part: unknown): string {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return JSON.stringify(part)
  const lines = Object.entries(part).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{\n${lines.join(',\n')}\n}`
}

if (import.meta.main) {
  writeFileSync(GENERATED_RULES, generatedFrom(readFileSync(RULE_FILE, 'utf8')))
  console.log('Wrote src/desks/support/classification/rules.generated.json')
}

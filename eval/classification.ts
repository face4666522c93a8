import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { classify, compileRules, loadBaseRules } from '../src/desks/support/classification/index.ts'
import { keywords, type Labels, majority } from './baselines.ts'
import { type Figures, measure } from './metrics.ts'
import { readCsv, readSplit, type Sample } from './read-samples.ts'

const DIMENSIONS = {
  urgency: ['low', 'medium', 'high'],
  sentiment: ['negative', 'neutral', 'positive'],
  requires_action: ['false', 'true'],
} as const
type Dimension = keyof typeof DIMENSIONS

/**
 * Rules against labels, with two baselines. Splits: dev (rules may be tuned on it) and test (they may not; its messages
 * are never printed). `--errors` prints what dev has wrong, `--sentiment <csv>` measures sentiment on an outside set
 * with the columns id, text, label.
 */
export async function evaluate(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: { errors: { type: 'boolean', default: false }, sentiment: { type: 'string' }, only: { type: 'string' } },
  })
  const rules = compileRules(loadBaseRules())
  console.log(`rules ${rules.version}`)
  const byRules = (text: { subject: string; message: string }): Labels => {
    const { urgency, sentiment, requires_action } = classify(rules, text)
    return { urgency, sentiment, requires_action: String(requires_action) }
  }
  for (const split of ['dev', 'test'] as const) {
    const file = new URL(`./${split}.ndjson`, import.meta.url)
    if (!existsSync(file)) {
      console.log(`\n## ${split}: eval/${split}.ndjson is not here`)
      continue
    }
    const samples = readSplit(readFileSync(file, 'utf8'))
    const answers = {
      rules: samples.map(byRules),
      keywords: samples.map(keywords),
      majority: samples.map(majority(samples.map(({ labels }) => labels))),
    }
    printSplit(split, samples, answers)
    if (values.errors && split === 'dev') printErrors(samples, answers.rules, values.only)
  }
  if (values.sentiment !== undefined) printOutside(values.sentiment, byRules)
}

type Answers = Record<'rules' | 'keywords' | 'majority', Labels[]>

function printSplit(split: string, samples: readonly Sample[], answers: Answers): void {
  console.log(`\n## ${split}: ${samples.length} messages`)
  const languages = [...new Set(samples.map(({ language }) => language))].sort()
  const groups: [string, (sample: Sample) => boolean][] = [
    ['all', () => true],
    ...languages.map((language): [string, (sample: Sample) => boolean] => [
      language,
      (one) => one.language === language,
    ]),
    ['hard', ({ hard }) => hard],
  ]
  for (const dimension of Object.keys(DIMENSIONS) as Dimension[]) {
    console.log(`\n${dimension.padEnd(16)}  count   rules acc   F1     keywords acc   F1     majority acc   F1`)
    for (const [name, belongs] of groups) {
      const figures = (of: keyof Answers) => measureWhere(dimension, samples, answers[of], belongs)
      const rules = figures('rules')
      const cells = [rules, figures('keywords'), figures('majority')].map(percentages)
      console.log(`  ${name.padEnd(14)}${String(rules.count).padStart(6)}     ${cells.join('        ')}`)
      if (name === 'all') printConfusion(rules)
    }
  }
}

const measureWhere = (
  dimension: Dimension,
  samples: readonly Sample[],
  answers: readonly Labels[],
  belongs: (sample: Sample) => boolean,
): Figures =>
  measure(
    DIMENSIONS[dimension],
    samples.flatMap((sample, place) =>
      belongs(sample) ? [{ truth: sample.labels[dimension], predicted: answers[place]?.[dimension] ?? '' }] : [],
    ),
  )

const percentages = ({ accuracy, macroF1 }: Figures) =>
  `${(accuracy * 100).toFixed(1).padStart(5)} %  ${(macroF1 * 100).toFixed(1).padStart(5)}`

function printConfusion({ confusion: { labels, counts } }: Figures): void {
  console.log(`      truth \\ rules ${labels.map((label) => label.padStart(9)).join('')}`)
  for (const [place, row] of counts.entries()) {
    const cells = row.map((count) => String(count).padStart(9)).join('')
    console.log(`      ${(labels[place] ?? '').padEnd(14)}${cells}`)
  }
}

function printErrors(samples: readonly Sample[], answers: readonly Labels[], only: string | undefined): void {
  const rules = compileRules(loadBaseRules())
  console.log('\n## dev: what the rules have wrong')
  for (const [place, sample] of samples.entries()) {
    const wrong = (Object.keys(DIMENSIONS) as Dimension[]).filter(
      (dimension) =>
        (only === undefined || only === dimension) && sample.labels[dimension] !== answers[place]?.[dimension],
    )
    if (wrong.length === 0) continue
    const { matches, scores, language } = classify(rules, sample)
    const told = wrong.map((one) => `${one} is ${sample.labels[one]}, not ${answers[place]?.[one]}`).join('; ')
    console.log(`\n${sample.id} (${language}) ${told}  ${JSON.stringify(scores)}`)
    console.log(`  ${sample.subject} | ${sample.message.replace(/\s+/g, ' ').slice(0, 400)}`)
    const rulesFound = matches.map(
      ({ rule, text, score, dimension, dropped }) =>
        `${rule}.${dimension[0]}:${dropped ?? score} "${text.slice(0, 30)}"`,
    )
    console.log(`  ${rulesFound.join('  ')}`)
  }
}

function printOutside(path: string, byRules: (text: { subject: string; message: string }) => Labels): void {
  const rows = readCsv(readFileSync(path, 'utf8'))
  const truths = rows.map(({ label }) => ({ urgency: '', sentiment: label, requires_action: '' }))
  const answerers = { rules: byRules, keywords, majority: majority(truths) }
  console.log(`\n## sentiment of ${path}: ${rows.length} texts`)
  for (const [name, answer] of Object.entries(answerers)) {
    const pairs = rows.map(({ text, label }) => ({
      truth: label,
      predicted: answer({ subject: '', message: text }).sentiment,
    }))
    const figures = measure(DIMENSIONS.sentiment, pairs)
    console.log(`  ${name.padEnd(10)} ${percentages(figures)}`)
    if (name === 'rules') printConfusion(figures)
  }
}

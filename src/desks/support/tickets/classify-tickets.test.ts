import { describe, expect, it, onTestFinished } from 'vitest'
import { createLogger } from '../../../kernel/logger.ts'
import { compileRules, loadBaseRules } from '../classification/index.ts'
import { judge, judgeInTurns } from './classify-tickets.ts'

const RULES = compileRules(loadBaseRules())

it.each([
  ['each word once, in lower case', 'Refund! REFUND.', ['refund']],
  ['nothing that is negated', 'No refund needed.', []],
  ['no case number, no amount and no time', 'Refund of 20 EUR since yesterday, ticket 123456.', ['refund']],
])('the keywords of a ticket have %s', (_, message, keywords) => {
  expect(judge(RULES, { subject: '', message }).keywords).toEqual(keywords)
})

describe('texts that are made for taking long', () => {
  /** Own terms that were never checked for what they cost: every word of the text takes all the work it may. */
  const any = Array.from({ length: 40 }, (_, number) => `xx ~6 xx ~6 w${number}/xx`)
  const rules = compileRules(loadBaseRules(), { concepts: { fraud: { add: { any } } }, combinations: {} })
  const texts = Array.from({ length: 5 }, () => ({ subject: '', message: 'xx '.repeat(2_000) }))
  const scene = () => {
    const lines: string[] = []
    return { lines, log: createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } }) }
  }

  it('let everything else have its turn after each of them, and are counted in one line of the log', async () => {
    const { log, lines } = scene()
    let turns = 0
    const count = () => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    onTestFinished(() => clearImmediate(next))
    expect(await judgeInTurns(rules, texts, { log })).toHaveLength(texts.length)
    expect(turns).toBeGreaterThanOrEqual(texts.length)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 'warn', count: texts.length }])
  })

  it('are left for later when the time for them is used up, but for the first', async () => {
    const judged = await judgeInTurns(rules, texts, { log: scene().log, withinMs: 0 })
    expect(judged).toMatchObject([{ urgency: expect.any(String), matches: expect.any(Array) }])
  })
})

import { expect, it } from 'vitest'
import { compileRules, loadBaseRules } from '../classification/index.ts'
import { judge } from './classify-tickets.ts'

const RULES = compileRules(loadBaseRules())

it.each([
  ['each word once, in lower case', 'Refund! REFUND.', ['refund']],
  ['nothing that is negated', 'No refund needed.', []],
  ['no case number, no amount and no time', 'Refund of 20 EUR since yesterday, ticket 123456.', ['refund']],
])('the keywords of a ticket have %s', (_, message, keywords) => {
  expect(judge(RULES, { subject: '', message }).keywords).toEqual(keywords)
})

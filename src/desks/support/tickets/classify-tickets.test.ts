import { expect, it } from 'vitest'
import { compileRules, loadBaseRules } from '../classification/index.ts'
import { judge } from './classify-tickets.ts'

const RULES = compileRules(loadBaseRules())

it.each([
  ['each word once, in lower case', 'Refund! I want a REFUND.', ['refund']],
  ['no mood', 'I am angry and disappointed, give me a refund.', ['refund']],
  ['nothing that is negated', 'No refund needed.', []],
  [
    'no case number, no amount and no time',
    'Ticket 123456 has been waiting since Monday for 20 EUR, I want a refund.',
    ['refund'],
  ],
])('the keywords of a ticket have %s', (_, message, keywords) => {
  expect(judge(RULES, { subject: '', message }).keywords).toEqual(keywords)
})

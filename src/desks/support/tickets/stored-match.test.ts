import { expect, it } from 'vitest'
import { classify, compileRules, loadBaseRules, type Match } from '../classification/index.ts'
import { readStoredMatch, storedMatch } from './stored-match.ts'

const RULES = compileRules(loadBaseRules())

it.each([
  ['a plain request', { subject: 'Refund', message: 'I want a refund, please. It is urgent!' }],
  ['a negation', { subject: '', message: 'This is not urgent and I am not angry, no refund needed.' }],
  ['a supposition', { subject: 'Ärger', message: 'What happens if it breaks? 😀 Das Gerät ist kaputt!!!' }],
  ['no word', { subject: '', message: '' }],
])('the matches of %s are read as they were stored', (_, ticket) => {
  const { matches } = classify(RULES, ticket)
  const kept = JSON.parse(JSON.stringify(matches.map(storedMatch)))
  expect(kept.map((stored: never) => readStoredMatch(stored, ticket))).toEqual(matches)
})

it('a match that was stored whole is read as it is', () => {
  const whole: Match = {
    rule: 'refund',
    dimension: 'action',
    score: 1,
    text: 'refund',
    where: 'message',
    from: 0,
    to: 6,
  }
  expect(readStoredMatch(whole, { subject: '', message: 'refund' })).toEqual(whole)
})

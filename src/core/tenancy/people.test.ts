import { expect, test } from 'vitest'
import { PASSWORD, testTenancy } from '../../../test/harness/tenancy.ts'

const running = testTenancy()
const { call, sql } = running

const ada = { name: 'Ada', email: 'Ada@Example.com', password: PASSWORD }
const accounts = (email: string) => sql('select from identity."user" where email = $1', [email])

test('a person is kept with a scrypt hash of the password, and found by any spelling of the e-mail address', async () => {
  const made = await running.api.createPerson(ada)
  expect(made).toEqual({
    personId: expect.any(String),
    name: 'Ada',
    email: 'ada@example.com',
    isProven: true,
    hasSecondFactor: false,
  })
  expect(await running.api.findPerson('ADA@example.com')).toEqual(made)
  const [account] = await sql<{ password: string }>('select password from identity.account where user_id = $1', [
    made.personId,
  ])
  expect(account?.password).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/)
})

test('a taken e-mail address is refused, and its account stays as it was', async () => {
  const second = running.api.createPerson({ name: 'Eve', email: 'ada@example.com', password: 'the password of eve' })
  await expect(second).rejects.toMatchObject({ code: 'tenancy.person_exists' })
  expect(await running.api.findPerson('ada@example.com')).toMatchObject({ name: 'Ada' })
  const signedIn = await call('POST', '/auth/sign-in', { body: { email: ada.email, password: 'the password of eve' } })
  expect(signedIn.statusCode).toBe(401)
})

test('of several who take one e-mail address at the same moment, one gets it', async () => {
  const names = ['One', 'Two', 'Three']
  const attempts = names.map((name) =>
    running.api.createPerson({ name, email: 'shared@example.com', password: PASSWORD }),
  )
  const outcomes = await Promise.allSettled(attempts)
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  expect(refusals).toEqual(['tenancy.person_exists', 'tenancy.person_exists'])
  expect(await accounts('shared@example.com')).toHaveLength(1)
})

test('nobody is made with a password below 12 characters', async () => {
  const attempt = running.api.createPerson({ name: 'Short', email: 'short@example.com', password: 'eleven char' })
  await expect(attempt).rejects.toThrow()
  expect(await accounts('short@example.com')).toEqual([])
})

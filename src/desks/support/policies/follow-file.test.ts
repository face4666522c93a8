import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { administer } from '../../../../test/harness/server.ts'
import { DEFAULT_POLICY_TEXT } from './document/default-policy.ts'
import { ORIGINAL } from './document/policies.fixture.ts'
import { followingFile } from './follow-file.ts'

const db = testDatabase()
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'policies-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const policy = (minutes: number) => `rules: [{ name: all, targets: { resolution: ${minutes} } }]\n`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const query = async <Row>(statement: string) =>
  (await administer(db.url, (superuser) => superuser.query(statement))).rows as Row[]
const versions = () =>
  query<{ source: string; path: string | null; content_hash: string }>(
    'select source, path, content_hash from sla.default_policies order by version',
  )
const live = async () => (await versions()).at(-1)?.content_hash
const signals = () =>
  query<{ state: string; title: string }>(
    `select state, title from platform.operator_signals where kind = 'sla.policy_file' order by signal_id`,
  )
const process = (path: string | undefined, processId = 'p1') => {
  const { work } = followingFile({ database: db.database, logger: silent, processId, path })
  const { signal } = new AbortController()
  return {
    look: () => work(signal),
    /** What takes two looks when nobody writes meanwhile. */
    settle: async () => void [await work(signal), await work(signal)],
  }
}

test('without a file what ships with the program is the policy, once, however many processes start', async () => {
  await Promise.all(
    [process(undefined, 'a'), process(undefined, 'b'), process(undefined, 'c')].map((one) => one.settle()),
  )
  expect(await versions()).toEqual([{ source: 'built_in', path: null, content_hash: sha256(DEFAULT_POLICY_TEXT) }])
})

test('a file is followed through editing in place, atomic replacement, an editor’s renames and a swapped directory link', async () => {
  const path = join(directory, 'sla_config.yaml')
  await writeFile(path, ORIGINAL)
  const { settle } = process(path)
  await settle()
  expect(await live()).toBe(sha256(ORIGINAL))

  await writeFile(path, policy(1))
  await settle()
  expect(await live()).toBe(sha256(policy(1)))

  await writeFile(`${path}.new`, policy(2))
  await rename(`${path}.new`, path)
  await settle()
  expect(await live()).toBe(sha256(policy(2)))

  await rename(path, `${path}~`)
  await writeFile(path, policy(3))
  await settle()
  expect(await live()).toBe(sha256(policy(3)))

  // A ConfigMap: the file is a link into ..data, which is a link to a directory that is swapped.
  const map = join(directory, 'map')
  await mkdir(join(map, '..1'), { recursive: true })
  await mkdir(join(map, '..2'))
  await writeFile(join(map, '..1', 'sla.yaml'), policy(4))
  await writeFile(join(map, '..2', 'sla.yaml'), policy(5))
  await symlink('..1', join(map, '..data'))
  await symlink('..data/sla.yaml', join(map, 'sla.yaml'))
  const mounted = process(join(map, 'sla.yaml'))
  await mounted.settle()
  expect(await live()).toBe(sha256(policy(4)))
  await symlink('..2', join(map, '..data_tmp'))
  await rename(join(map, '..data_tmp'), join(map, '..data'))
  await mounted.settle()
  expect(await live()).toBe(sha256(policy(5)))
})

test('a file that somebody is still writing is not taken', async () => {
  const path = join(directory, 'growing.yaml')
  await writeFile(path, policy(10))
  const { look } = process(path)
  const before = await live()
  await look()
  await writeFile(path, policy(11))
  await look()
  expect(await live()).toBe(before)
  await look()
  expect(await live()).toBe(sha256(policy(11)))
})

test('what cannot be used keeps the last good one and tells operators, until it can be used again', async () => {
  const path = join(directory, 'broken.yaml')
  await writeFile(path, policy(20))
  const { settle, look } = process(path)
  await settle()
  await writeFile(path, 'rules: [{ name: all, targets: { resolution: -5 } }]')
  await settle()
  expect(await live()).toBe(sha256(policy(20)))
  expect(await signals()).toMatchObject([{ state: 'open', title: expect.stringContaining('must not be negative') }])
  for (let looks = 0; looks < 5; looks++) await look()
  expect(await signals()).toHaveLength(1)

  await rm(path)
  await settle()
  expect(await signals()).toMatchObject([
    { state: 'resolved' },
    { state: 'open', title: expect.stringContaining('does not exist') },
  ])
  expect(await live()).toBe(sha256(policy(20)))

  await writeFile(path, policy(20))
  await settle()
  expect((await signals()).map(({ state }) => state)).toEqual(['resolved', 'resolved'])
  const count = (await versions()).length
  await writeFile(path, policy(21))
  await settle()
  expect([await live(), (await versions()).length]).toEqual([sha256(policy(21)), count + 1])
})

test.each([
  ['a directory', async (path: string) => void (await mkdir(path)), 'is no file'],
  ['bytes that are no text', (path: string) => writeFile(path, Buffer.from([0x72, 0xff, 0xfe])), 'is not UTF-8'],
  ['more than is read', (path: string) => writeFile(path, `# ${'x'.repeat(70_000)}`), 'is longer than 64 kB'],
  [
    'a calendar of some tenant',
    (path: string) =>
      writeFile(path, 'defaults: { calendar: Office }\nrules: [{ name: a, targets: { resolution: 5 } }]'),
    'there is no calendar',
  ],
])('%s is refused in words', async (name, prepare, words) => {
  const path = join(directory, name.replaceAll(' ', '-'))
  await prepare(path)
  await process(path).settle()
  expect((await signals()).at(-1)).toMatchObject({ state: 'open', title: expect.stringContaining(words) })
})

test('processes that are given different files do not take turns: what changed last holds', async () => {
  const [one, other] = [join(directory, 'one.yaml'), join(directory, 'other.yaml')]
  await writeFile(one, policy(30))
  await writeFile(other, policy(31))
  const [first, second] = [process(one, 'first'), process(other, 'second')]
  await first.settle()
  await second.settle()
  const count = (await versions()).length
  for (let looks = 0; looks < 5; looks++) await Promise.all([first.look(), second.look()])
  expect([(await versions()).length, await live()]).toEqual([count, sha256(policy(31))])
  await writeFile(one, policy(32))
  await first.settle()
  await second.look()
  expect(await live()).toBe(sha256(policy(32)))
})

test('processes that see the same change make one version of it', async () => {
  const path = join(directory, 'shared.yaml')
  await writeFile(path, policy(40))
  const all = ['a', 'b', 'c', 'd'].map((name) => process(path, name))
  await Promise.all(all.map(({ look }) => look()))
  await Promise.all(all.map(({ look }) => look()))
  const found = (await versions()).filter(({ content_hash }) => content_hash === sha256(policy(40)))
  expect(found).toHaveLength(1)
})

import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { factories } from '../../../../test/harness/factories.ts'
import { testSystem } from '../../../../test/harness/system.ts'

const system = testSystem()
const make = factories(system)
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../../../../bin/signalbox.mjs', import.meta.url))
const TENANT = 'alder'

const home = mkdtempSync(join(tmpdir(), 'signalbox-home-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const PROFILES = join(home, 'signalbox', 'profiles.json')

let key = ''
beforeAll(async () => {
  await make.makeTenant(TENANT)
  key = (await make.makeKey(TENANT, ['task.use', 'task.read', 'task.create', 'task.cancel', 'task.manage'])).secret
})

type Ended = { code: number; out: string; said: string }
type Given = { environment?: Record<string, string>; input?: string; program?: string; directory?: string }

/** Runs the command line as a process of its own; without a terminal. */
function run(words: string[], { environment = {}, input = '', program = MAIN, directory = home }: Given = {}) {
  const { PATH = '', NODE_COMPILE_CACHE = join(home, 'compiled') } = process.env
  return new Promise<Ended>((resolve) => {
    const options = { cwd: directory, env: { PATH, NODE_COMPILE_CACHE, XDG_CONFIG_HOME: home, ...environment } }
    const child = execFile(process.execPath, [program, ...words], options, (error, out, said) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, said }),
    )
    child.stdin?.end(input)
  })
}
const inTenant = () => ({ SIGNALBOX_URL: system.url, SIGNALBOX_KEY: key })
const tasks = (...words: string[]) => run(['tasks', ...words], { environment: inTenant() })
/** What a command answers with `--json`. */
const asJson = async (...words: string[]) => {
  const { code, out, said } = await tasks(...words, '--json')
  expect([code, said]).toEqual([0, ''])
  return JSON.parse(out)
}
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString()

describe('a task that is created', () => {
  it('answers with its id alone, and is shown, listed, explained and cancelled by it', async () => {
    const created = await tasks('create', 'Call back', '--description', 'Before noon', '--run-at', tomorrow())
    expect(created).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f-]{36}\n$/) })
    const id = created.out.trim()
    expect((await tasks('show', id)).out).toMatch(/Title +Call back\n(.*\n)*Status +queued\n/)
    expect((await tasks('list', '--title', 'call')).out).toMatch(
      new RegExp(`TASK .*\\n${id} +queued .*Call back – in 2[34] h\\n`),
    )
    expect((await tasks('explain', id)).out).toMatch(/^It waits for its time, \S+\.\n$/)
    expect(await tasks('cancel', id)).toMatchObject({ code: 0, out: `${id} cancelled\n` })
    expect((await tasks('retry', id)).out).toMatch(new RegExp(`^${id} (queued|retrying)\n$`))
  })

  it('says everything in JSON for programs, a list as a page or one task on each line', async () => {
    const made = await asJson('create', 'For programs', '--priority', '3', '--run-at', tomorrow())
    expect(made).toMatchObject({ title: 'For programs', priority: 3, status: 'queued' })
    expect(await asJson('show', made.task_id)).toMatchObject({ task_id: made.task_id })
    expect(await asJson('explain', made.task_id)).toMatchObject({ reason: 'its_time' })
    expect((await asJson('list', '--limit', '1')).tasks).toHaveLength(1)
    const lines = (await tasks('list', '--all', '--json')).out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).task_id)).toContain(made.task_id)
    expect(await asJson('cancel', made.task_id)).toEqual({ task_id: made.task_id, status: 'cancelled' })
    expect(await asJson('retry', made.task_id)).toMatchObject({ task_id: made.task_id })
  })

  it('takes its payload from the command line, from a file and from standard input', async () => {
    const payload = { seconds: 0 }
    writeFileSync(join(home, 'payload.json'), JSON.stringify(payload))
    const options = ['tasks', 'create', '--kind', 'demo.sleep', '--json', '--payload']
    for (const [given, input] of [[JSON.stringify(payload)], ['@payload.json'], ['-', JSON.stringify(payload)]]) {
      const made = await run([...options, given ?? ''], { environment: inTenant(), input: input ?? '' })
      expect(JSON.parse(made.out).payload, made.said).toEqual(payload)
    }
  })
})

describe('watching a task', () => {
  it('shows how far it is, and ends with 0 when it succeeds', async () => {
    const steps = ['--kind', 'demo.progress', '--payload', '{"steps":3,"milliseconds":50}']
    const { code, out } = await tasks('create', ...steps, '--watch')
    expect(code, out).toBe(0)
    expect(out).toMatch(/Step 1 of 3 is done\.\n[^.]*Step 2 of 3 is done\.\n[^.]*Step 3 of 3 is done\.\n/)
    expect(out).toMatch(/succeeded: \{"steps":3\}\n$/)
  })

  it('ends with 1 and the reason when it fails', async () => {
    const id = (await asJson('create', '--kind', 'demo.fail', '--payload', '{"permanent":true,"message":"No luck."}'))
      .task_id
    const { code, out } = await tasks('watch', id)
    expect([code, out.split('\n').at(-2)]).toEqual([1, 'failed: No luck.'])
  })

  it('is a line of JSON for each change for programs, the last one its end', async () => {
    const { code, out } = await tasks('create', 'A note', '--watch', '--json')
    const lines = out.trim().split('\n')
    expect([code, JSON.parse(lines.at(-1) ?? '')]).toEqual([
      0,
      expect.objectContaining({ event: 'ended', outcome: 'succeeded' }),
    ])
  })
})

describe('many tasks', () => {
  it('are cancelled and begin anew by a filter, after a yes to how many', async () => {
    for (const title of ['heap 1', 'heap 2', 'heap 3']) await tasks('create', title, '--run-at', tomorrow())
    const filter = ['--title', 'heap']
    const asked = await tasks('cancel', ...filter)
    expect(asked).toMatchObject({ code: 2, said: expect.stringContaining('would cancel 3 tasks. Say --yes') })
    expect((await asJson('list', ...filter, '--status', 'queued')).total).toBe(3)
    expect(await asJson('cancel', ...filter, '--yes')).toEqual({ matching: 3, changed: 3 })
    const redriven = await tasks('redrive', ...filter, '--yes', '--per-minute', '600')
    expect(redriven).toEqual({ code: 0, out: '3 of 3: begin anew.\n', said: '' })
  })

  it('are never all there are because a filter was forgotten', async () => {
    expect(await tasks('cancel', '--yes')).toMatchObject({ code: 2, said: expect.stringContaining('--all') })
    expect(await tasks('redrive', '--yes')).toMatchObject({ code: 2, said: expect.stringContaining('--all') })
  })
})

describe('what goes wrong', () => {
  it.each([
    ['an unknown option', ['list', '--colour'], 2, 'unknown option'],
    ['a number out of range', ['create', 'x', '--priority', '99'], 2, 'Write a whole number from -10 to 10'],
    ['nothing to do', ['create'], 2, 'Say what to do'],
    ['a payload that is no JSON', ['create', '--kind', 'demo.sleep', '--payload', '{'], 2, '--payload is not JSON'],
    ['what the API refuses', ['create', '--kind', 'demo.sleep', '--payload', '{}'], 1, 'seconds'],
    ['a task that is not there', ['show', '018f0000-0000-7000-8000-000000000000'], 1, 'Name the request'],
  ])('%s is a sentence and its code', async (_what, words, code, sentence) => {
    expect(await tasks(...words)).toMatchObject({ code, out: '', said: expect.stringContaining(sentence) })
  })

  it('a key that nobody knows is 4, and no key at all says how to sign in', async () => {
    const stranger = { ...inTenant(), SIGNALBOX_KEY: 'sbk_nobody' }
    expect((await run(['tasks', 'list', '--tenant', TENANT], { environment: stranger })).code).toBe(4)
    const nobody = await run(['tasks', 'list'], { environment: { SIGNALBOX_URL: system.url } })
    expect(nobody).toMatchObject({ code: 2, said: expect.stringContaining('signalbox login --url') })
  })

  it('a system that cannot be reached is 3', async () => {
    const nowhere = { SIGNALBOX_URL: 'http://127.0.0.1:1', SIGNALBOX_KEY: key, SIGNALBOX_TENANT: TENANT }
    const ended = await run(['tasks', 'list'], { environment: nowhere })
    expect(ended).toMatchObject({ code: 3, out: '', said: expect.stringMatching(/127\.0\.0\.1:1 cannot be reached/) })
  })

  it('is JSON for programs', async () => {
    const { code, said } = await tasks('show', '018f0000-0000-7000-8000-000000000000', '--json')
    expect([code, JSON.parse(said).error]).toEqual([
      1,
      expect.objectContaining({ status: 404, request_id: expect.any(String) }),
    ])
  })
})

describe('a profile', () => {
  const signIn = (...words: string[]) => run(['login', '--url', system.url, ...words], { input: `${key}\n` })

  it('is kept by login for its owner alone, and used by what follows', async () => {
    expect(await signIn()).toMatchObject({ code: 0, said: '' })
    expect(statSync(PROFILES).mode & 0o777).toBe(0o600)
    const listed = await run(['tasks', 'list', '--json'])
    expect([listed.code, Object.keys(JSON.parse(listed.out))]).toEqual([0, expect.arrayContaining(['tasks', 'total'])])
  })

  it('is listed without its key, chosen and forgotten', async () => {
    await signIn('--profile', 'other')
    const { out } = await run(['profiles'])
    expect(out).toMatch(/\* +other +alder/)
    expect(out).not.toContain(key)
    expect(await run(['profiles', 'use', 'default'])).toMatchObject({ code: 0 })
    expect(await run(['profiles', 'remove', 'other'])).toMatchObject({ code: 0 })
    const { profiles } = JSON.parse((await run(['profiles', 'list', '--json'])).out)
    expect(profiles).toEqual([{ profile: 'default', url: system.url, tenant: TENANT, is_current: true }])
    expect(await run(['tasks', 'list', '--profile', 'other'])).toMatchObject({ code: 2 })
  })

  it('gives its key to no other address', async () => {
    const { code, said } = await run(['tasks', 'list', '--url', 'http://127.0.0.1:1'])
    expect([code, said]).toEqual([2, expect.stringContaining('There is no key for http://127.0.0.1:1')])
  })

  it('is not kept when its key does not work', async () => {
    const before = readFileSync(PROFILES, 'utf8')
    const refused = await run(['login', '--url', system.url], { input: 'sbk_nobody' })
    expect([refused.code, readFileSync(PROFILES, 'utf8')]).toEqual([4, before])
  })

  it('is refused while others may read it', async () => {
    chmodSync(PROFILES, 0o644)
    expect(await run(['tasks', 'list'])).toMatchObject({ code: 2, said: expect.stringContaining('chmod 600') })
    chmodSync(PROFILES, 0o600)
  })
})

it('titles of others cannot write on the terminal', async () => {
  const id = (await asJson('create', 'red \u001b[31malert\u001b]0;title\u0007', '--run-at', tomorrow())).task_id
  for (const words of [['list'], ['show', id]]) expect((await tasks(...words)).out).not.toMatch(/(?!\n)\p{Cc}/u)
})

it('the launcher of the repository runs it, and finds files where the user stands', async () => {
  const words = ['tasks', 'create', '--kind', 'demo.sleep', '--payload', '@payload.json', '--json']
  const { code, out, said } = await run(words, { environment: inTenant(), program: LAUNCHER })
  expect(code, said).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ kind: 'demo.sleep', payload: { seconds: 0 } })
})

import { beforeAll, expect, it } from 'vitest'
import { factories } from '../../../../../test/harness/factories.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../../test/harness/system.ts'
import { waitFor } from '../../../../../test/harness/wait-for.ts'
import { createClient } from '../../client.ts'
import type { Fetch } from '../../retry.ts'
import { openScreen } from '../screen.ts'
import { watchTask } from './watch.ts'

const system = testSystem()
const make = factories(system)
beforeAll(() => make.makeTenant('alder'))

/** Watches a new task of so many steps, through this network, on a terminal or a pipe. */
async function watchNew(steps: number, { fetch, isTTY }: { fetch: Fetch; isTTY: boolean }) {
  const client = createClient({ url: system.url, key: OPERATOR_TOKEN, fetch })
  const params = { query: { tenant_id: 'alder' } }
  const body = { kind: 'demo.progress' as const, payload: { steps, milliseconds: 20 } }
  const { task_id } = await client.post('/api/v1/tasks', { params, body })
  const written: string[] = []
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) } as unknown
  const screen = openScreen(stream as typeof process.stdout, stream as typeof process.stderr, {})
  const ended = watchTask(client, task_id, { screen, json: false, pollMs: 10 })
  const cancel = () => client.post('/api/v1/tasks/{task_id}/cancel', { params: { path: { task_id } } })
  return { written: () => written.join(''), ended, cancel }
}

/** Something between that knows no streams. */
const withoutStreams: Fetch = async (request) => {
  request.headers.delete('accept')
  return globalThis.fetch(request)
}
const NETWORKS = [
  ['followed', (request: Request) => globalThis.fetch(request)],
  ['asked for again and again, where nothing streams', withoutStreams],
] as const

it.each(NETWORKS)('a task is %s until it has ended', async (_how, fetch) => {
  const { written, ended } = await watchNew(4, { fetch, isTTY: false })
  expect(await ended).toBe(0)
  // Which steps are seen is a question of speed; the end is not.
  expect(written()).toMatch(/succeeded: \{"steps":4\}\n$/)
  expect(written()).not.toContain('\u001b')
})

it.each(NETWORKS)(
  'a task that is %s on a terminal has one line that moves, and is gone at the end',
  async (_how, fetch) => {
    const { written, ended, cancel } = await watchNew(10_000, { fetch, isTTY: true })
    await waitFor('no progress was ever shown', () => /running.*░ +\d+ %/.test(written()))
    await cancel()
    expect(await ended).toBe(1)
    expect(written().split('\r').at(-1)).not.toContain('░')
    expect(written()).toMatch(/cancelled[^\n]*\n$/)
  },
)

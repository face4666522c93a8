import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { ago, row, slaScene } from './sla-scene.fixture.ts'

const directory = await mkdtemp(join(tmpdir(), 'policy-change-'))
const path = join(directory, 'sla_config.yaml')
await writeFile(path, 'sla_targets: { high: { response: 60, resolution: 480 } }\n')
afterAll(() => rm(directory, { recursive: true, force: true }))
const system = testSystem({ SLA_CONFIG_PATH: path })

type Preview = {
  open_tickets: number
  is_complete: boolean
  breaching_tickets: number
  clocks: Record<string, number>
  first: { external_id: string; target: string; effect: string; breaches_at_once: boolean; deadline_after: string }[]
}
const within = (minutes: number) => ({ rules: [{ name: 'all', targets: { resolution: minutes } }] })

test('what a preview says of open tickets comes true when the policy is published, with what was elapsed and paused kept', async () => {
  const { send, post, show } = await slaScene(system)
  await post(row('running', 60), row('paused', 60), row('done', 60))
  const since = (minutes: number) => ({ updated_at: ago(minutes) })
  await post(
    { ...row('paused', 60), ...since(20), status: 'pending_customer' },
    { ...row('done', 60), ...since(20), status: 'resolved' },
  )
  const before = await show('paused')
  const preview = await send<Preview>('POST', '/sla/policy/preview', { document: within(30) })
  expect(preview).toMatchObject({ open_tickets: 2, is_complete: true, breaching_tickets: 2 })
  const changes = preview.first.filter(({ target }) => target === 'resolution')
  expect(
    changes.map(({ external_id, effect, breaches_at_once }) => [external_id, effect, breaches_at_once]).sort(),
  ).toEqual([
    ['paused', 'earlier', true],
    ['running', 'earlier', true],
  ])
  expect((await show('running')).resolution_sla?.state).toBe('on_track')

  await send('PUT', '/sla/policy', { document: within(30) })
  const after = await show('paused')
  expect(after.resolution_sla).toMatchObject({ is_breached: true, target_seconds: 1_800 })
  expect(after.resolution_sla?.elapsed_seconds).toBe(before.resolution_sla?.elapsed_seconds)
  expect(after.resolution_sla?.paused_seconds).toBeGreaterThanOrEqual(before.resolution_sla?.paused_seconds ?? 0)
  expect((await show('done')).resolution_sla?.state).toBe('met')
  await waitFor('the background never measured the tickets by the new version', async () => {
    const { summary } = await send<{ summary: { breached_count: number } }>('GET', '/sla/dashboard')
    return summary.breached_count === 2
  })
})

test('the operator’s file that is replaced is what tickets are measured by, in the API and in alerts', async () => {
  const { post, show } = await slaScene(system)
  await post(row('one', 10))
  await waitFor(
    'the file was never in force',
    async () => (await show('one')).resolution_sla?.target_seconds === 21_600,
  )
  await writeFile(`${path}.new`, 'sla_targets: { high: { response: 60, resolution: 8 } }\n')
  await rename(`${path}.new`, path)
  await waitFor(
    'the replaced file was never in force',
    async () => (await show('one')).resolution_sla?.is_breached === true,
  )
  expect((await show('one')).resolution_sla?.target_seconds).toBe(360)
  await waitFor('nobody was told', async () => (await show('one')).active_alerts.length > 0)
})

import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { administer, createDatabase, type TestDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, type SystemProcess, spawnSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const INDEX = `
import { sql } from 'kysely'
import { z } from 'zod'
import { healthCheck } from '../../platform/health/index.ts'
import { reply, TenantQuery, tenantRoute } from '../../platform/http/index.ts'
import { defineModule } from '../../platform/module/index.ts'
import { defineTaskKind, tasksModule } from '../tasks/index.ts'

const plant = defineTaskKind({
  name: 'plant.water', payload: z.strictObject({}), retry: { attemptsMax: 1, baseSeconds: 1, capSeconds: 1 }, timeLimitSeconds: 60,
  handle: async ({ write }) => write(async (tx) => {
    await sql\`update plants set watered = true\`.execute(tx)
    return {}
  }),
})

export const plantsModule = defineModule({
  name: 'core/plants',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'plant.water': 'agent', 'plant.read': 'viewer' },
  needs: { tasks: tasksModule },
  open: ({ database }, { tasks }) => {
    let looks = 0
    return {
      api: undefined,
      routes: [
        tenantRoute({
          operationId: 'waterPlants', method: 'POST', path: '/plants', tag: 'Plants', summary: 'Water the plants',
          access: 'plant.water', tenant: 'query', query: z.strictObject(TenantQuery), responses: { 202: z.object({}) },
          handle: async ({ tx, tenantId, caller }) => {
            await sql\`insert into plants (tenant_id) values (\${tenantId})\`.execute(tx)
            await tasks.enqueue(tx, tenantId, plant, {}, { createdBy: caller.id })
            return reply(202, {})
          },
        }),
        tenantRoute({
          operationId: 'countPlants', method: 'GET', path: '/plants', tag: 'Plants', summary: 'Count what was watered',
          access: 'plant.read', tenant: 'query', query: z.strictObject(TenantQuery), responses: { 200: z.object({ watered: z.int() }) },
          handle: async ({ tx }) => {
            const { rows } = await sql\`select count(*)::int as watered from plants where watered\`.execute(tx)
            return reply(200, rows[0])
          },
        }),
      ],
      kinds: [plant],
      schedules: [{ name: 'plants', everySeconds: 1, work: async () => void (looks += 1) }],
      gauges: [{ name: 'signalbox_plants_looks', help: 'Looks at plants', read: () => looks }],
      healthChecks: [healthCheck({
        name: 'plants', critical: false, about: 'Plants.', fields: {}, probe: async () => ({ status: 'ok' }),
      })],
      starts: { api: async () => ({ stop: async () => console.log('the plants rest') }) },
      close: async () => console.log('the plants are put away'),
    }
  },
})
`
const MIGRATION = `
create table plants (
  tenant_id text not null references tenants, plant_id uuid not null default uuidv7(), watered boolean not null default false,
  primary key (tenant_id, plant_id)
);
select platform.secure_tenant_table('plants');
`

let made: TestDatabase
let tree: string
let system: SystemProcess

beforeAll(async () => {
  made = await createDatabase(inject('serverUrl'))
  tree = await mkdtemp(join(tmpdir(), 'signalbox-added-module-'))
  for (const part of ['src', 'mock-provider', 'docs', 'package.json']) {
    await cp(join(ROOT, part), join(tree, part), { recursive: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  // The module is its folder …
  await mkdir(join(tree, 'src/core/plants/migrations'), { recursive: true })
  await writeFile(join(tree, 'src/core/plants/index.ts'), INDEX)
  await writeFile(join(tree, 'src/core/plants/migrations/0001_plants.sql'), MIGRATION)
  // … and a line of the list.
  const list = await readFile(join(tree, 'src/modules.ts'), 'utf8')
  const line = '  ...supportDesk,\n'
  expect(list).toContain(line)
  const added = list.replace(line, `${line}  plantsModule,\n`)
  await writeFile(join(tree, 'src/modules.ts'), `import { plantsModule } from './core/plants/index.ts'\n${added}`)
  system = await spawnSystem(made.url, {}, join(tree, 'src/main.ts'))
})
afterAll(async () => {
  system?.kill('SIGKILL')
  await made?.drop()
  await rm(tree, { recursive: true, force: true })
})

it('a module that is a folder and a line is migrated, served, permitted, worked, metered, checked and stopped', async () => {
  const { makeTenant, makeKey } = factories({ url: system.url, databaseUrl: made.url })
  await makeTenant('garden')
  const { secret: reader } = await makeKey('garden', ['plant.read'])
  const water = (token: string) => call(`${system.url}/api/v1/plants?tenant_id=garden`, { method: 'POST', token })
  const watered = async () =>
    (await call<{ watered: number }>(`${system.url}/api/v1/plants?tenant_id=garden`, { token: reader })).body.watered

  expect((await water(reader)).status).toBe(403)
  expect((await water(OPERATOR_TOKEN)).status).toBe(202)
  await waitFor('its task was never worked', async () => (await watered()) === 1)

  const scheduled = /^signalbox_plants_looks [1-9]/m
  await waitFor('its schedule never showed in the metrics', async () =>
    scheduled.test((await call(`${system.url}/metrics`)).text),
  )
  const health = await call<{ checks: Record<string, unknown> }>(`${system.url}/health`)
  expect(health.body.checks).toHaveProperty('plants', { status: 'ok', critical: false })
  const applied = await administer(made.url, async (client) => {
    const { rows } = await client.query(`select id from platform.migrations where id like 'core/plants/%'`)
    return rows
  })
  expect(applied).toEqual([{ id: 'core/plants/0001_plants.sql' }])

  expect(await system.stop()).toEqual({ code: 0, signal: null })
  const [rest, away] = ['the plants rest', 'the plants are put away'].map((line) => system.output().indexOf(line))
  expect(rest).toBeGreaterThan(0)
  expect(away).toBeGreaterThan(rest ?? 0)
})

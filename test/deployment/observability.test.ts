import { readdirSync, readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const system = testSystem({})
const make = factories(system)
const operator = { token: OPERATOR_TOKEN }
const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

let taskId = ''
const add = async (body: Record<string, unknown>) => {
  const url = `${system.url}/api/v1/tasks?tenant_id=tenant_a`
  return (await call<{ task_id: string }>(url, { method: 'POST', ...operator, body })).body.task_id
}
beforeAll(async () => {
  await make.makeTenant('tenant_a')
  const failed = await add({ kind: 'demo.fail', payload: { permanent: true } })
  taskId = await add({ title: 'Later', run_at: new Date(Date.now() + 86_400_000).toISOString() })
  await waitFor(
    'it never failed',
    async () => (await call(`${system.url}/api/v1/tasks/${failed}`, operator)).body.status === 'failed',
  )
})

/** Names of metrics in an expression of PromQL: what is followed by labels, a range, or nothing of a function. */
const metricsIn = (expression: string) =>
  expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\b(by|without|on|ignoring) *\([^)]*\)/g, '')
    .match(/\b(signalbox|process|nodejs)_[a-z0-9_]+/g) ?? []

type Rules = { groups: { rules: { alert: string; expr: string; annotations: { runbook: string } }[] }[] }
type Dashboard = { panels: { title: string; targets: { expr: string }[] }[] }
const alerts = (load(read('ops/prometheus/alerts.yaml')) as Rules).groups.flatMap(({ rules }) => rules)
const dashboards = readdirSync(new URL('ops/grafana/', root)).map(
  (name) => JSON.parse(read(`ops/grafana/${name}`)) as Dashboard,
)
const expressions = [
  ...alerts.map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
  ...dashboards.flatMap(({ panels }) =>
    panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: `panel ${title}`, expr }))),
  ),
]

describe('what watches the system from outside', () => {
  it('names only metrics that /metrics has', async () => {
    const names = new Set((await call(`${system.url}/metrics`)).text.match(/^[a-z0-9_]+/gm))
    const missing = expressions.flatMap(({ where, expr }) =>
      metricsIn(expr)
        .filter((name) => !names.has(name))
        .map((name) => `${where}: ${name}`),
    )
    expect(missing).toEqual([])
    for (const { where, expr } of expressions) expect(metricsIn(expr), where).not.toEqual([])
  })

  it('leads from each alert to a runbook', () => {
    for (const { alert, annotations } of alerts) expect(() => read(annotations.runbook), alert).not.toThrow()
  })
})

const RUNBOOKS = ['memory-growth', 'slow-queries', 'lost-messages']

/** The commands of a page: indented by four or more behind a blank line, one that goes on is indented further. */
function commandsOf(page: string): string[] {
  const commands: string[] = []
  for (const line of page.split('\n')) {
    const [, text] = /^ {4,6}((?:psql|curl|npm|kill) .*)$/.exec(line) ?? []
    if (text !== undefined) commands.push(text)
    else if (/^ {6,}\S/.test(line) && commands.length > 0 && isOpen(commands.at(-1)))
      commands.push(`${commands.pop()}\n${line}`)
  }
  return commands
}
const isOpen = (command = '') => (command.match(/"/g)?.length ?? 0) % 2 === 1

/** Does what a command of a runbook says, and gives what it prints. Neither psql nor curl has to be there. */
async function run(command: string): Promise<string> {
  const filled = command
    .replaceAll('http://127.0.0.1:8080', system.url)
    .replaceAll('$SIGNALBOX_ADMIN_TOKEN', OPERATOR_TOKEN)
    .replaceAll('<task_id>', taskId)
    // No backend has it: nobody is ended.
    .replaceAll('<pid>', '2147483647')
  const [, statement] = /^psql "\$DATABASE_URL" -c "([^"]*)"$/.exec(filled) ?? []
  if (statement !== undefined) {
    const result: unknown = await administer(system.databaseUrl, (superuser) => superuser.query(statement))
    return JSON.stringify(([] as unknown[]).concat(result).map((each) => (each as { rows: unknown }).rows))
  }
  const [request = '', grep] = filled.split(' | grep ')
  const url = /"?(http:[^\s"]+)"?$/.exec(request)?.[1] ?? ''
  const method = /-X (\w+)/.exec(request)?.[1] ?? 'GET'
  const token = /Authorization: Bearer ([^"]+)"/.exec(request)?.[1]
  if (!/^curl -s /.test(request)) throw new Error(`not a command of a runbook: ${command}`)
  const { status, text } = await call(url, { method, ...(token === undefined ? {} : { token }) })
  if (status >= 300) throw new Error(`${command}: ${status} ${text}`)
  if (grep === undefined) return text
  const pattern = /^-E "(.+)"$/.exec(grep)?.[1] ?? grep
  return text
    .split('\n')
    .filter((line) => new RegExp(pattern).test(line))
    .join('\n')
}

describe.each(RUNBOOKS)('the runbook %s', (name) => {
  const commands = commandsOf(read(`docs/runbooks/${name}.md`))
  it('has commands', () => expect(commands.length).toBeGreaterThan(3))
  it.each(commands)('does: %s', async (command) => {
    expect(await run(command)).not.toBe('')
  })
})

type Status = {
  tasks: { total: number; by_status: Record<string, number>; recent: { tenant_id: string }[] }
  workers: { kinds: string[] }[]
}

describe('GET /admin/status', () => {
  it('tells operators of all tasks, what waits, and who works', async () => {
    const { status, body } = await call<Status>(`${system.url}/admin/status`, operator)
    expect(status).toBe(200)
    expect(body.tasks.recent.map(({ tenant_id }) => tenant_id)).toEqual(['tenant_a', 'tenant_a'])
    expect([body.tasks.total, Object.values(body.tasks.by_status).reduce((sum, count) => sum + count, 0)]).toEqual([
      2, 2,
    ])
    expect(body.workers.map(({ kinds }) => kinds.includes('note.process'))).toEqual([true])
  })

  it('is for operators alone', async () => {
    const { secret } = await make.makeKey('tenant_a', ['task.use', 'task.read', 'task.manage'])
    expect((await call(`${system.url}/admin/status`, { token: secret })).status).toBe(403)
  })
})

describe('the share of a tenant', () => {
  it('is 1 until an operator sets it, within its bounds, and says so in the audit log', async () => {
    const url = (tenant: string) => `${system.url}/api/v1/operator/task-shares/${tenant}`
    expect((await call(url('tenant_a'), operator)).body).toEqual({ tenant_id: 'tenant_a', weight: 1 })
    const set = (weight: number, tenant = 'tenant_a') =>
      call(url(tenant), { method: 'PUT', ...operator, body: { weight } })
    expect((await set(4)).body).toEqual({ tenant_id: 'tenant_a', weight: 4 })
    expect((await call(url('tenant_a'), operator)).body.weight).toBe(4)
    expect([(await set(0)).status, (await set(101)).status, (await set(1, 'nobody')).status]).toEqual([422, 422, 404])
    const { rows } = await administer(system.databaseUrl, (superuser) =>
      superuser.query(`select details from audit_log where action = 'task.set_share'`),
    )
    expect(rows).toEqual([{ details: { before: 1, after: 4 } }])
  })
})

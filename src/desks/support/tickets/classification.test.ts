import { afterAll, describe, expect, it } from 'vitest'
import { startMockProvider } from '../../../../mock-provider/index.ts'
import { call } from '../../../../test/harness/call.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'

type Ticket = {
  urgency: string
  sentiment: string
  requires_action: boolean
  rule_version: string
  is_corrected: boolean
}
type History = { history: { changes: Record<string, { old: string; new: string }>; changed_by: string | null }[] }

const LAWYER = 'My lawyer will sue you for this.'

const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, tickets: 0 })
const system = testSystem({ EXTERNAL_API_URL: helpdesk.url, EXTERNAL_RATE_LIMIT: '10000' })
afterAll(() => helpdesk.close())

let scenes = 0
/** A tenant whose one threatening and one friendly ticket have been fetched, and another tenant. */
async function classificationScene() {
  scenes += 1
  const [tenant_id, other] = [`tenant_${scenes}`, `other_${scenes}`]
  const threat = helpdesk.insertTicket({ tenant_id, subject: 'Notice', message: LAWYER }).id
  const praise = helpdesk.insertTicket({ tenant_id, subject: 'Thanks', message: 'All is great, thank you!' }).id
  const operator = <Body>(path: string, method = 'GET', body?: unknown) =>
    call<Body>(system.url + path, { method, token: OPERATOR_TOKEN, ...(body === undefined ? {} : { body }) })
  for (const each of [tenant_id, other]) await operator('/tenants', 'POST', { tenant_id: each, name: each })
  const ask = <Body = Ticket>(path: string, method = 'GET', body?: unknown, tenant = tenant_id) =>
    operator<Body>(`/api/v1${path}?tenant_id=${tenant}`, method, body)
  const run = async () => {
    const { body } = await ask<{ job_id: string }>('/ingest/run', 'POST')
    await waitFor('the run never ended', async () => {
      const now = await operator<{ status: string }>(`/ingest/progress/${body.job_id}`)
      return now.body.status === 'completed'
    })
  }
  await run()
  const ticket = async (id: string) => (await ask(`/tickets/${id}`)).body
  const history = async (id: string) => (await ask<History>(`/tickets/${id}/history`)).body.history
  type Task = { status: string; result: { classified: number; changed: number } }
  const taskEnded = (id: string) =>
    waitFor('the task never ended', async () => {
      const { body } = await ask<Task>(`/tasks/${id}`)
      return body.status === 'succeeded' && body
    })
  return { tenant_id, other, run, ask, ticket, history, taskEnded, threat, praise }
}

describe('a ticket that comes in', () => {
  it('is classified by the rules, in the transaction that stores it', async () => {
    const { ticket, threat, praise } = await classificationScene()
    expect(await ticket(threat)).toMatchObject({ urgency: 'high', requires_action: true, is_corrected: false })
    expect(await ticket(praise)).toMatchObject({ urgency: 'low', sentiment: 'positive', requires_action: false })
  })

  it('is classified anew when its words change, with history, and not when only its time does', async () => {
    const { run, ticket, history, threat } = await classificationScene()
    helpdesk.changeTicket(threat, { status: 'pending', updated_at: '2030-01-01T00:00:00Z' })
    await run()
    expect((await history(threat))[0]?.changes).toEqual({ status: { old: 'open', new: 'pending' } })
    helpdesk.changeTicket(threat, { message: 'Solved, thank you very much!', updated_at: '2030-01-02T00:00:00Z' })
    await run()
    expect(await ticket(threat)).toMatchObject({ urgency: 'low', requires_action: false })
    expect((await history(threat))[0]?.changes).toMatchObject({ urgency: { old: 'high', new: 'low' } })
  })
})

describe('an agent’s correction', () => {
  it('wins over later runs and rules, is in the history with its author, and is exported as labelled data', async () => {
    const { tenant_id, run, ask, ticket, history, taskEnded, threat } = await classificationScene()
    const corrected = await ask(`/tickets/${threat}/classification`, 'PATCH', {
      urgency: 'low',
      requires_action: false,
    })
    expect(corrected.body).toMatchObject({ urgency: 'low', requires_action: false, is_corrected: true })
    expect((await history(threat))[0]).toMatchObject({
      changed_by: 'operator',
      changes: { urgency: { old: 'high', new: 'low' }, requires_action: { old: 'true', new: 'false' } },
    })
    helpdesk.changeTicket(threat, { message: `${LAWYER} Today!`, updated_at: '2030-01-01T00:00:00Z' })
    await run()
    await taskEnded((await ask<{ task_id: string }>('/tickets/reclassify', 'POST')).body.task_id)
    expect(await ticket(threat)).toMatchObject({ urgency: 'low', is_corrected: true })

    const response = await fetch(`${system.url}/api/v1/tickets/corrections?tenant_id=${tenant_id}`, {
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    })
    const lines = (await response.text()).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { id: threat, body: `${LAWYER} Today!`, urgency: 'low', requires_action: false },
    ])

    const withdrawn = await ask(`/tickets/${threat}/classification`, 'DELETE')
    expect(withdrawn.body).toMatchObject({ urgency: 'high', requires_action: true, is_corrected: false })
    expect((await ask(`/tickets/${threat}/classification`, 'DELETE')).status).toBe(409)
  })

  it('cannot make a ticket of high urgency that requires no action', async () => {
    const { ask, praise } = await classificationScene()
    const wrong = { urgency: 'high', requires_action: false }
    expect((await ask(`/tickets/${praise}/classification`, 'PATCH', wrong)).status).toBe(422)
    const high = await ask(`/tickets/${praise}/classification`, 'PATCH', { urgency: 'high' })
    expect(high.body).toMatchObject({ urgency: 'high', requires_action: true })
    const calm = await ask(`/tickets/${praise}/classification`, 'PATCH', { requires_action: false })
    expect(calm.body).toMatchObject({ urgency: 'high', requires_action: true })
  })

  it('is not of another tenant’s ticket', async () => {
    const { ask, threat, other } = await classificationScene()
    expect((await ask(`/tickets/${threat}/classification`, 'PATCH', { urgency: 'low' }, other)).status).toBe(404)
  })
})

describe('a tenant’s own rules', () => {
  it('take effect without a restart, for new tickets and, by a task, for those that are there', async () => {
    const { tenant_id, other, run, ask, ticket, history, taskEnded, threat } = await classificationScene()
    type Classification = { urgency: string; rule_version: string; matches: { rule: string; text: string }[] }
    const classify = async (tenant: string) =>
      (await ask<Classification>('/classify', 'POST', { message: LAWYER }, tenant)).body
    expect((await classify(tenant_id)).urgency).toBe('high')

    const off = { legal_threat: { off: true }, lawyer: { off: true } }
    type Changed = { rule_version: string; task_id: string }
    const changed = await ask<Changed>('/classification/rules', 'PUT', { concepts: off })
    expect(changed.status).toBe(200)
    expect(await taskEnded(changed.body.task_id)).toMatchObject({ result: { classified: 2, changed: 1 } })
    expect((await ticket(threat)).urgency).not.toBe('high')
    expect((await ticket(threat)).rule_version).toBe(changed.body.rule_version)
    expect((await history(threat))[0]).toMatchObject({ changed_by: `rules:${changed.body.rule_version}` })
    expect((await classify(tenant_id)).rule_version).toBe(changed.body.rule_version)
    expect((await classify(other)).urgency).toBe('high')

    await waitFor('new tickets still come in by the old rules', async () => {
      const { id } = helpdesk.insertTicket({ tenant_id, message: LAWYER })
      await run()
      return (await ticket(id)).rule_version === changed.body.rule_version
    })
    // Changed again while the first change is still being worked on: each gets a task of its own.
    const again = [off, { lawyer: { off: true } }].map(
      async (concepts) => (await ask<Changed>('/classification/rules', 'PUT', { concepts })).body,
    )
    const back = (await ask<Changed>('/classification/rules', 'DELETE')).body
    for (const { task_id } of [...(await Promise.all(again)), back]) await taskEnded(task_id)
    const { rule_version } = (await ask<Changed>('/classification/rules')).body
    expect((await ticket(threat)).rule_version).toBe(rule_version)
  })

  it('that cannot be used change nothing and are told with their place', async () => {
    const { ask } = await classificationScene()
    type Problem = { code: string; errors: { field: string }[] }
    const wrong = await ask<Problem>('/classification/rules', 'PUT', { concepts: { no_such_concept: { off: true } } })
    expect(wrong).toMatchObject({ status: 422, body: { code: 'classification.invalid_rules' } })
    expect(wrong.body.errors[0]?.field).toContain('no_such_concept')
    expect((await ask<{ override: unknown }>('/classification/rules')).body.override).toBeNull()
  })
})

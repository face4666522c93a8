import { afterAll, describe, expect, it } from 'vitest'
import { startFakeMailServer } from '../fakes/mail-server.ts'
import { startFakeReceiver } from '../fakes/receiver.ts'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'

const mail = await startFakeMailServer()
const receiver = await startFakeReceiver()
afterAll(() => Promise.all([mail.close(), receiver.close()]))
const system = testSystem({
  ...{ SIGNALBOX_ROLES: 'api', OUTBOUND_PRIVATE_HOSTS: '127.0.0.1', EXTERNAL_API_URL: receiver.url },
  ...{ SMTP_URL: mail.url, MAIL_FROM: 'ops@example.com', REQUESTS_PER_MINUTE: '1000000' },
})

type Body = { channel_id: string; code: string; outcome: string }
let made = 0
/** A tenant with a channel that leads to `address`, whose tests can be asked for. */
async function channelTo(body: Record<string, unknown>, tenant = `tenant_${++made}`) {
  const ask = (method: string, path: string, sent?: unknown) =>
    call<Body>(`${system.url}/api/v1${path}?tenant_id=${tenant}`, { method, token: OPERATOR_TOKEN, body: sent })
  await factories(system)
    .makeTenant(tenant)
    .catch(() => undefined)
  const { body: channel } = await ask('POST', '/channels', { name: `channel ${++made}`, ...body })
  return { tenant, test: () => ask('POST', `/channels/${channel.channel_id}/test`) }
}
const hook = (path: string) => ({ kind: 'webhook', url: `${receiver.url}/${path}` })
const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).toSorted()
const times = <T>(count: number, make: () => Promise<T>) => Promise.all(Array.from({ length: count }, make))

describe('tests of channels', () => {
  it('of one channel are 5 at once, and 429 with Retry-After says when the next may be', async () => {
    const { test } = await channelTo(hook('one'))
    const answers = await times(60, test)
    expect(statuses(answers).filter((status) => status === 200)).toHaveLength(5)
    const [refused] = answers.filter(({ status }) => status !== 200)
    expect(refused).toMatchObject({ status: 429, body: { code: 'channels.too_many_tests' } })
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(receiver.calls().filter(({ path }) => path === '/one')).toHaveLength(5)
  })

  it('of one tenant are 20 at once, over however many channels', async () => {
    const tenant = `tenant_${++made}`
    const channels = []
    for (let n = 0; n < 8; n += 1) channels.push(await channelTo(hook(`many-${n}`), tenant))
    const answers = await Promise.all(channels.flatMap(({ test }) => [test(), test(), test(), test()]))
    expect(statuses(answers).filter((status) => status === 200)).toHaveLength(20)
    expect(receiver.calls().filter(({ path }) => path.startsWith('/many-'))).toHaveLength(20)
  })

  it('to one address are 5 at once, over however many channels and tenants', async () => {
    const channels = []
    for (let n = 0; n < 4; n += 1) channels.push(await channelTo(hook('the-same')))
    const answers = await Promise.all(channels.flatMap(({ test }) => [test(), test(), test()]))
    expect(statuses(answers).filter((status) => status === 200)).toHaveLength(5)
    expect(receiver.calls().filter(({ path }) => path === '/the-same')).toHaveLength(5)
  })

  it('to one mailbox never become a flood', async () => {
    const channels = []
    for (let n = 0; n < 3; n += 1) channels.push(await channelTo({ kind: 'email', recipients: ['Victim@example.com'] }))
    await Promise.all(channels.flatMap(({ test }) => Array.from({ length: 20 }, test)))
    expect(mail.mails().length).toBeLessThanOrEqual(5)
  })
})

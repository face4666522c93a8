import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { listenToEvents, listenToWebSocket } from '../harness/listeners.ts'
import { connectRaw } from '../harness/raw-connection.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)
const TENANT = 'alder'
/** Access is looked up every minute anyway: what ends before was told. */
const BEFORE_THE_NEXT_LOOK_SECONDS = 30

let job = ''
beforeAll(async () => {
  await make.makeTenant(TENANT)
  job = await make.makeJob(TENANT)
  await administer(system.databaseUrl, (superuser) =>
    superuser.query(
      `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
       select $1, n::text, 'email', 'cust', 'Subject', repeat(md5(n::text), 3000), 'open', now(), now() from generate_series(1, 400) n`,
      [TENANT],
    ),
  )
})

const pathsOf = (url: string) => ({
  signals: `${url}/api/v1/signals/stream?tenant_id=${TENANT}`,
  progress: `${url}/api/v1/ingest/progress/${job}/stream`,
})
const exportOf = (token: string) =>
  `GET /api/v1/tickets/export?tenant_id=${TENANT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`

/** One of each kind, by whoever this token is; the export is not read any further than its head. */
async function streamsOf(token: string, url = system.url) {
  const { signals, progress } = pathsOf(url)
  const listeners = [
    await listenToEvents(signals, { token }),
    await listenToWebSocket(signals, { token }),
    await listenToEvents(progress, { token }),
    await listenToWebSocket(progress, { token }),
  ]
  const file = await connectRaw(url, exportOf(token))
  await waitFor('the export never began', () => file.answer() !== '')
  file.socket.pause()
  expect(listeners.map(({ status }) => status)).toEqual([200, 101, 200, 101])
  expect(file.answer()).toMatch(/^HTTP\/1.1 200 /)
  return { listeners, file }
}
const openNow = async () => {
  const { text } = await call(`${system.url}/metrics`)
  return ['streams', 'downloads'].map((kind) => Number(new RegExp(`^signalbox_${kind} (\\d+)$`, 'm').exec(text)?.[1]))
}

const PERMISSIONS = ['signal.read', 'ingestion.read', 'ticket.read']

describe('every stream ends, long before somebody would look by himself, when', () => {
  it.each([
    [
      'its key is revoked',
      async () => {
        const { apiKeyId, secret } = await make.makeKey(TENANT, PERMISSIONS)
        return { token: secret, revoke: `/tenants/${TENANT}/api-keys/${apiKeyId}`, as: OPERATOR_TOKEN }
      },
    ],
    [
      'its person is a member no more',
      async () => {
        const { personId, token } = await make.makePerson(TENANT, 'agent')
        return { token, revoke: `/tenants/${TENANT}/members/${personId}`, as: OPERATOR_TOKEN }
      },
    ],
    [
      'its session is ended',
      async () => {
        const { token } = await make.makePerson(TENANT, 'viewer')
        return { token, revoke: undefined, as: token }
      },
    ],
  ])('%s', async (_what, arrange) => {
    const { token, revoke, as } = await arrange()
    const other = await streamsOf(OPERATOR_TOKEN)
    const { listeners } = await streamsOf(token)
    expect(await openNow()).toEqual([8, 2])
    const answer = revoke
      ? await call(system.url + revoke, { method: 'DELETE', token: as })
      : await call(`${system.url}/auth/sign-out`, { method: 'POST', token: as })
    expect(answer.status).toBeLessThan(300)
    await waitFor(
      'a stream went on',
      async () => listeners.every(({ isOver }) => isOver()) && (await openNow()).join() === '4,1',
      BEFORE_THE_NEXT_LOOK_SECONDS,
    )
    expect(other.listeners.some(({ isOver }) => isOver())).toBe(false)
    for (const { leave } of other.listeners) leave()
    other.file.socket.destroy()
    await waitFor('they never left', async () => (await openNow()).join() === '0,0')
  })
})

describe('SIGTERM', () => {
  it('ends a process with 0, whoever is connected and whatever they do not do', async () => {
    const process = await spawnSystem(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    const { listeners } = await streamsOf(OPERATOR_TOKEN, process.url)
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const body = `Authorization: Bearer ${OPERATOR_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n`
    const upload = body.replace('json', 'x-ndjson')
    for (const bytes of [
      // Refused, and their half stays open.
      `GET /api/v1/signals/stream HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`,
      'hello?\r\n\r\n',
      `POST /api/v1/tenants HTTP/1.1\r\nHost: x\r\n${body.replace('Bearer', 'Bearer not')}\r\n{`,
      // Never there completely.
      '',
      'GET / HTTP/1.1\r\n',
      `POST /api/v1/tenants HTTP/1.1\r\nHost: x\r\n${body}\r\n{`,
      `POST /api/v1/ingest/import?tenant_id=${TENANT} HTTP/1.1\r\nHost: x\r\n${upload}\r\n{`,
    ]) {
      await connectRaw(process.url, bytes)
    }
    // A listener over WebSocket that answers nothing, not even the end.
    const { signals } = pathsOf('')
    const deaf = await connectRaw(
      process.url,
      `GET ${signals} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n${upgrade}\r\n`,
    )
    await waitFor('it never listened', () => deaf.answer().startsWith('HTTP/1.1 101 '))
    expect(await process.stop()).toEqual({ code: 0, signal: null })
    await waitFor('they never ended', () => listeners.every(({ isOver }) => isOver()))
  })
})

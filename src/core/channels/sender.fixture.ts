import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { type FakeMailServer, type MailFault, startFakeMailServer } from '../../../test/fakes/mail-server.ts'
import { type FakeReceiver, type ReceiverFault, startFakeReceiver } from '../../../test/fakes/receiver.ts'
import { startFakeSlack } from '../../../test/fakes/slack.ts'
import { silent } from '../../../test/harness/database.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { openOutbound } from '../../platform/outbound/index.ts'
import { sealer } from '../../platform/sealing/index.ts'
import { openTransport } from '../mail/index.ts'
import type { Channel, ChannelKind, Message } from './channel.ts'
import { sealSecrets } from './secrets.ts'
import { openSend, type SendDependencies } from './send.ts'
import { newSigningKeys, type SigningKeys } from './signing-keys.ts'

export const ALDER = tenantId('alder')
export const keeper = sealer({ keys: ['s'.repeat(32)] })

export function message(signal: Partial<Message['signal']> = {}, deliveryId: string = randomUUID()): Message {
  return {
    deliveryId,
    tenantId: ALDER,
    signal: {
      signal_id: randomUUID(),
      kind: 'ticket.urgent',
      subject: 'ticket:7',
      severity: 'critical',
      title: 'Urgent: the shop is down',
      facts: { external_id: 'ext-7', urgency: 'high', keywords: ['down', 'outage'] },
      raised_at: new Date('2026-03-02T09:30:00.000Z'),
      ...signal,
    },
  }
}

export const channelOf = (kind: ChannelKind, row: Partial<Channel> = {}): Channel => ({
  ...{ tenant_id: ALDER, channel_id: randomUUID(), kind, settings: {}, sealed_secrets: null, awaiting: [] },
  ...row,
})

export function webhookAt(url: string, keys: SigningKeys = newSigningKeys()): Channel {
  const channel = channelOf('webhook')
  return { ...channel, sealed_secrets: sealSecrets(keeper, channel, { url, keys }) }
}

export function slackAt(url: string): Channel {
  const channel = channelOf('slack')
  return { ...channel, sealed_secrets: sealSecrets(keeper, channel, { url }) }
}

/** `send` over real sockets, with the private hosts that are named, until the test ends. */
export function sendWith(
  options: Partial<SendDependencies> & { allowedPrivate?: readonly string[]; timeout?: number } = {},
) {
  const { allowedPrivate = ['127.0.0.1'], timeout = 10, ...dependencies } = options
  const outbound = openOutbound({ allowedPrivate })
  onTestFinished(() => outbound.close())
  return openSend({
    ...{ sealer: keeper, guardedFetch: outbound.fetch, plainFetch: fetch, logger: silent },
    ...{ notifyUrl: 'http://127.0.0.1:9', sendMail: undefined },
    timeoutSeconds: { notify: timeout, webhook: timeout, slack: timeout, email: timeout },
    ...dependencies,
  })
}

const closed = <Server extends { close(): Promise<void> }>(server: Server): Server => {
  onTestFinished(() => server.close())
  return server
}

export const receiver = async (...answer: Parameters<typeof startFakeReceiver>): Promise<FakeReceiver> =>
  closed(await startFakeReceiver(...answer))
export const slack = async () => closed(await startFakeSlack())
export const mailServer = async (...kind: Parameters<typeof startFakeMailServer>): Promise<FakeMailServer> =>
  closed(await startFakeMailServer(...kind))

/** What the other side does, in words that all kinds have in common. */
export const BEHAVIOURS = [
  ...['unwell', 'throttling', 'refusing', 'gone', 'redirecting'],
  ...[
    'hanging',
    'breaking off',
    'answering half',
    'answering nonsense',
    'answering without end',
    'answering too slowly',
  ],
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

export type Stage = {
  channel: Channel
  dependencies: Partial<SendDependencies>
  behave(behaviour: Behaviour): void
  /** The id by which the other side knows each message it has taken, in order. */
  taken(): string[]
  close(): Promise<void>
}

const HTTP_FAULTS: Record<Behaviour, ReceiverFault> = {
  unwell: { kind: 'status', status: 503, headers: { 'retry-after': '7' } },
  throttling: { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
  refusing: { kind: 'status', status: 400, body: 'invalid_payload' },
  gone: { kind: 'status', status: 410, body: 'no_service' },
  redirecting: { kind: 'status', status: 307, headers: { location: 'http://127.0.0.1:9/?token=swordfish' } },
  hanging: { kind: 'hang' },
  'breaking off': { kind: 'reset' },
  'answering half': { kind: 'half_body' },
  'answering nonsense': { kind: 'not_http' },
  'answering without end': { kind: 'endless_body' },
  'answering too slowly': { kind: 'slow_body' },
}

const MAIL_FAULTS: Partial<Record<Behaviour, MailFault>> = {
  unwell: { kind: 'answer', to: 'DATA', code: 451 },
  refusing: { kind: 'answer', to: 'RCPT TO', code: 550 },
  hanging: { kind: 'hang' },
  'breaking off': { kind: 'reset' },
}

/** What the other side of this kind can do. */
export const behavioursOf = (kind: ChannelKind): readonly Behaviour[] =>
  BEHAVIOURS.filter((behaviour) => kind !== 'email' || behaviour in MAIL_FAULTS)

const overHttp = (server: FakeReceiver): Pick<Stage, 'behave' | 'close'> => ({
  behave: (behaviour) => server.setFault(HTTP_FAULTS[behaviour]),
  close: server.close,
})

/** A stage for each kind of channel: the other side, and a channel that leads there. */
export const STAGES: Record<ChannelKind, () => Promise<Stage>> = {
  notify: async () => {
    const server = await receiver()
    const taken = () => server.calls().map(({ headers }) => String(headers['idempotency-key']))
    return { ...overHttp(server), taken, channel: channelOf('notify'), dependencies: { notifyUrl: server.url } }
  },
  webhook: async () => {
    const server = await receiver()
    const taken = () => server.calls().map(({ headers }) => String(headers['webhook-id']))
    return { ...overHttp(server), taken, channel: webhookAt(`${server.url}/hook?token=swordfish`), dependencies: {} }
  },
  slack: async () => {
    const server = await slack()
    const taken = () => server.calls().map(({ body }) => /"block_id":"([^"]+)"/.exec(body)?.[1] ?? '')
    return { ...overHttp(server), taken, channel: slackAt(server.webhook), dependencies: {} }
  },
  email: async () => {
    const server = await mailServer()
    const behave = (behaviour: Behaviour) => server.setFault(MAIL_FAULTS[behaviour] ?? null)
    const taken = () => server.mails().map(({ raw }) => /^Message-ID: <(.+)@example\.com>/im.exec(raw)?.[1] ?? '')
    const sendMail = openTransport({ url: server.url, from: 'Signalbox <ops@example.com>' })
    const channel = channelOf('email', { settings: { recipients: ['ada@example.com', 'ben@example.com'] } })
    return { behave, taken, channel, dependencies: { sendMail }, close: server.close }
  },
}

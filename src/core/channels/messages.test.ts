import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { openTransport } from '../mail/index.ts'
import type { Message, SendOutcome } from './channel.ts'
import { channelOf, mailServer, message, receiver, sendWith, slack, slackAt, webhookAt } from './sender.fixture.ts'
import { newSigningKeys } from './signing-keys.ts'
import { escapeForSlack, slackMessage } from './slack-message.ts'

const never = new AbortController().signal
/** Texts like those of tickets, with what is special somewhere. */
const hostile = fc.string({
  unit: fc.constantFrom(
    'a',
    ' ',
    '\r',
    '\n',
    '\0',
    '\t',
    '<',
    '>',
    '&',
    '"',
    "'",
    '!',
    '@',
    ':',
    ',',
    ';',
    '=',
    '?',
    '*',
    '|',
    'é',
    '😀',
  ),
  maxLength: 400,
})
const hostileSignal = fc.record({
  title: hostile,
  subject: hostile,
  facts: fc.dictionary(hostile, fc.oneof(hostile, fc.array(hostile, { maxLength: 3 }), fc.constant({ nested: true })), {
    maxKeys: 40,
  }),
})

describe('the specification’s endpoint', () => {
  const notified = async (signal: Partial<Message['signal']>) => {
    const server = await receiver()
    const sent = message(signal)
    await sendWith({ notifyUrl: `${server.url}/base/` })(channelOf('notify'), sent, never)
    const [call] = server.calls()
    return { call, body: JSON.parse(call?.body ?? '') as unknown, sent }
  }

  it('is told exactly the four fields, by the external id', async () => {
    const { call, body, sent } = await notified({})
    expect(call).toMatchObject({
      method: 'POST',
      path: '/base/notify',
      headers: { 'content-type': 'application/json' },
    })
    expect(call?.headers['idempotency-key']).toBe(sent.deliveryId)
    expect(body).toEqual({
      ...{ ticket_id: 'ext-7', tenant_id: 'alder', urgency: 'high' },
      reason: 'Urgent: the shop is down, because of: down, outage',
    })
  })

  it('is told the subject and severity of what is no ticket', async () => {
    const { body } = await notified({ facts: {}, subject: 'channel:1', severity: 'warning' })
    expect(body).toEqual({
      ...{ ticket_id: 'channel:1', tenant_id: 'alder', urgency: 'warning', reason: 'Urgent: the shop is down' },
    })
  })

  it('takes 64 calls at once, over kept connections', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await receiver(async () => {
      if (server.mostAtOnce() >= 64) gate.resolve()
      await gate.promise
      return { status: 200, body: '{}' }
    })
    const send = sendWith({ notifyUrl: server.url })
    const all = Array.from({ length: 64 }, () => send(channelOf('notify'), message(), never))
    for (const outcome of await Promise.all(all)) expect(outcome.kind).toBe('delivered')
    expect(server.mostAtOnce()).toBe(64)
  })
})

describe('a webhook', () => {
  it('is what a receiver with the library of Standard Webhooks takes in', async () => {
    const server = await receiver()
    const keys = newSigningKeys()
    const sent = message({ title: 'Straße 🔑' })
    await sendWith()(webhookAt(`${server.url}/hook?token=1`, keys), sent, never)
    const [call] = server.calls()
    expect(call).toMatchObject({ method: 'POST', path: '/hook?token=1' })
    const { signal } = sent
    expect(
      new Webhook(keys[0]?.secret ?? '').verify(call?.body ?? '', call?.headers as Record<string, string>),
    ).toEqual({
      type: 'ticket.urgent',
      timestamp: '2026-03-02T09:30:00.000Z',
      data: {
        ...{ tenant_id: 'alder', signal_id: signal.signal_id, subject: 'ticket:7', severity: 'critical' },
        ...{ title: 'Straße 🔑', facts: signal.facts },
      },
    })
  })

  it.each([
    'http://127.0.0.1',
    'https://127.0.0.1',
    'https://localhost',
    'https://169.254.169.254',
    'https://[::1]',
    'http://example.com',
  ])('at %s is refused without a call, and the reason does not say where that is', async (base) => {
    const server = await receiver()
    const { port } = new URL(server.url)
    for (const channel of [webhookAt(`${base}:${port}/swordfish`), slackAt(`${base}:${port}/swordfish`)]) {
      const outcome = await sendWith({ allowedPrivate: [] })(channel, message(), never)
      expect(outcome).toMatchObject({ kind: 'refused', statusCode: null, disablesChannel: false })
      expect(JSON.stringify(outcome)).not.toContain('swordfish')
    }
    expect(server.calls()).toEqual([])
  })

  it('whose secrets were sealed for another channel is not called', async () => {
    const server = await receiver()
    const moved = { ...webhookAt(server.url), channel_id: webhookAt(server.url).channel_id }
    expect(await sendWith()(moved, message(), never)).toMatchObject({ kind: 'refused', disablesChannel: false })
    expect(server.calls()).toEqual([])
  })

  it('that redirects is not followed', async () => {
    const [server, elsewhere] = [await receiver(), await receiver()]
    for (const status of [301, 302, 303, 307, 308]) {
      server.setFault({ kind: 'status', status, headers: { location: elsewhere.url } })
      const outcome = await sendWith()(webhookAt(server.url), message(), never)
      expect(outcome).toMatchObject({
        kind: 'refused',
        statusCode: status,
        reason: expect.stringContaining('a redirect'),
      })
      const notified = await sendWith({ notifyUrl: server.url })(channelOf('notify'), message(), never)
      expect(notified).toMatchObject({ kind: 'refused', statusCode: status })
    }
    expect(elsewhere.calls()).toEqual([])
  })
})

describe('Slack', () => {
  it.each([
    [400, 'invalid_payload', false],
    [403, 'action_prohibited', false],
    [404, 'no_service', true],
    [404, 'channel_not_found', true],
    [404, '<h1>Not found</h1>', false],
    [410, 'channel_is_archived', true],
    [410, '', true],
  ])('that answers %i %s switches the channel off: %s', async (status, body, disablesChannel) => {
    const server = await slack()
    server.setFault({ kind: 'status', status, body })
    const outcome = await sendWith()(slackAt(server.webhook), message(), never)
    expect(outcome).toMatchObject({ kind: 'refused', statusCode: status, disablesChannel })
    const { reason = '' } = outcome as Extract<SendOutcome, { kind: 'refused' }>
    expect(reason).toBe(/^\w+$/.test(body) ? `Slack answered ${status}: ${body}` : `Slack answered ${status}`)
  })

  it('takes every message, however long and whatever is in it, and reads no mention in it', async () => {
    const server = await slack()
    const send = sendWith()
    const channel = slackAt(server.webhook)
    await fc.assert(
      fc.asyncProperty(hostileSignal, async (signal) => {
        expect(await send(channel, message(signal), never)).toMatchObject({ kind: 'delivered' })
        expect(JSON.stringify(slackMessage(message(signal)))).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
      }),
      { numRuns: 200 },
    )
    for (const text of ['<!channel> ', 'x', '&', '😀']) {
      const title = text.repeat(5_000)
      const huge = message({
        title,
        facts: { keywords: [title], ...Object.fromEntries([1, 2, 3].map((n) => [title + n, title])) },
      })
      expect(await send(channel, huge, never)).toMatchObject({ kind: 'delivered' })
    }
  })

  it('is never given half an entity or half a character', () => {
    for (let length = 1; length < 40; length += 1) {
      const cut = escapeForSlack('<&😀>'.repeat(10), length)
      expect(cut.length).toBeLessThanOrEqual(length)
      expect(cut.replace(/&(amp|lt|gt);|😀|…/gu, '')).toBe('')
    }
  })
})

describe('an e-mail', () => {
  const HEADERS = ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to']
  const mailing = async (recipients = ['ada@example.com'], hideSMTPUTF8 = false) => {
    const server = await mailServer({ hideSMTPUTF8 })
    const sendMail = openTransport({ url: server.url, from: 'Signalbox <ops@example.com>' })
    const channel = channelOf('email', { settings: { recipients } })
    const send = sendWith({ sendMail })
    return { server, send: (signal?: Partial<Message['signal']>) => send(channel, message(signal), never) }
  }

  it('has no header and no recipient but ours, whatever a ticket says', async () => {
    const { server, send } = await mailing()
    const inject = (into: (text: string) => Partial<Message['signal']>) =>
      [
        '\r\nBcc: eve@example.com',
        '\nBcc: eve@example.com\n\nbody',
        '\r\n.\r\nMAIL FROM:<eve@example.com>',
        '=?utf-8?Q?=0D=0ABcc:_eve?=',
      ].map(into)
    const attacks = [
      ...inject((text) => ({ title: `Urgent${text}` })),
      ...inject((text) => ({ kind: `ticket${text}`, subject: text, facts: { [text]: text, keywords: [text] } })),
      ...fc.sample(hostileSignal, 20),
    ]
    for (const attack of attacks) expect((await send(attack)).kind).toBe('delivered')
    const mails = server.mails()
    expect(mails).toHaveLength(attacks.length)
    for (const { from, to, raw } of mails) {
      expect([from, to]).toEqual(['ops@example.com', ['ada@example.com']])
      const [head = ''] = raw.split('\r\n\r\n')
      const names = head.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
      expect(names.toSorted()).toEqual(HEADERS)
    }
  })

  it('escapes what it shows as HTML', async () => {
    const { server, send } = await mailing()
    await send({ title: '<img src=x onerror=alert(1)>', facts: { '<b>': '"><script>' } })
    const raw = server.mails()[0]?.raw ?? ''
    const html = raw.slice(raw.indexOf('text/html')).replace(/=\r\n/g, '')
    expect(html).toContain('&lt;img src')
    expect(html).not.toMatch(/<(img|script|b)\b/)
  })

  it('reaches those who can be reached when the server refuses others', async () => {
    const { server, send } = await mailing(['gone@example.com', 'ada@example.com'])
    server.setFault({ kind: 'answer', to: 'RCPT TO', code: 550, recipient: 'gone@example.com' })
    expect(await send()).toMatchObject({ kind: 'delivered' })
    expect(server.mails()).toMatchObject([{ to: ['ada@example.com'] }])
  })

  it.each([
    ['RCPT TO', 450, 'failed'],
    ['RCPT TO', 550, 'refused'],
    ['DATA', 452, 'failed'],
    ['DATA', 554, 'refused'],
    // The operator's login and address: they can be mended.
    ['AUTH', 535, 'failed'],
    ['MAIL FROM', 550, 'failed'],
  ] as const)('that is answered at %s with %i has %s', async (to, code, kind) => {
    const { server, send } = await mailing()
    server.setFault({ kind: 'answer', to, code })
    const outcome = await send()
    expect(outcome).toMatchObject({ kind, statusCode: code })
    expect(JSON.stringify(outcome)).not.toMatch(/swordfish|127\.0\.0\.1|so it is told/)
    if (to === 'AUTH')
      expect(outcome).toMatchObject({ reason: expect.stringContaining('the login of the installation') })
  })

  it('reaches addresses of any script at a server that offers SMTPUTF8', async () => {
    const { server, send } = await mailing(['jürgen@example.com', 'ada@example.com'])
    expect(await send()).toMatchObject({ kind: 'delivered' })
    expect(server.mails()).toMatchObject([{ to: ['jürgen@example.com', 'ada@example.com'] }])
    expect(server.envelopes()).toMatchObject([{ smtpUtf8: true }])
  })

  it('is refused with the reason where such an address cannot be given, and still reaches the others', async () => {
    const alone = await mailing(['jürgen@example.com'], true)
    const refused = { kind: 'refused', statusCode: null, reason: expect.stringContaining('SMTPUTF8') }
    expect(await alone.send()).toMatchObject({ ...refused, disablesChannel: false })
    expect(alone.server.mails()).toEqual([])
    const among = await mailing(['jürgen@example.com', 'ada@example.com'], true)
    expect(await among.send()).toMatchObject({ kind: 'delivered' })
    expect(among.server.mails()).toMatchObject([{ to: ['ada@example.com'] }])
  })

  it('leaves no connection behind when its time is over, nor while it asks what the server takes', async () => {
    const server = await mailServer()
    server.setFault({ kind: 'hang' })
    const sendMail = openTransport({ url: server.url, from: 'ops@example.com' })
    const send = sendWith({ sendMail, timeout: 0.2 })
    const channel = channelOf('email', { settings: { recipients: ['jürgen@example.com'] } })
    expect(await send(channel, message(), never)).toMatchObject({ kind: 'failed' })
    await expect.poll(() => server.connections()).toBe(0)
  })

  it('leaves no connection behind when its time is over', async () => {
    const server = await mailServer()
    server.setFault({ kind: 'hang' })
    const sendMail = openTransport({ url: server.url, from: 'ops@example.com' })
    const send = sendWith({ sendMail, timeout: 0.2 })
    await send(channelOf('email', { settings: { recipients: ['ada@example.com'] } }), message(), never)
    await expect.poll(() => server.connections()).toBe(0)
  })

  it('waits for an operator who has taken the mail server away', async () => {
    const outcome = await sendWith()(
      channelOf('email', { settings: { recipients: ['ada@example.com'] } }),
      message(),
      never,
    )
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('SMTP_URL') })
  })
})

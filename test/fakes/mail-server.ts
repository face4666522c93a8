import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** `code`: what a command is answered with. */
export type MailFault =
  | { kind: 'answer'; to: 'MAIL FROM' | 'RCPT TO' | 'DATA' | 'AUTH'; code: number; recipient?: string }
  | { kind: 'hang' | 'reset' }

export type ReceivedMail = { from: string; to: string[]; raw: string }
/** What the sender asked for beside addresses. */
export type Envelope = { smtpUtf8: boolean }

export type FakeMailServer = {
  /** With the login that it lets in. */
  url: string
  setFault(fault: MailFault | null): void
  /** Every mail that was taken, oldest first; `raw` with its headers unfolded. */
  mails(): ReceivedMail[]
  envelopes(): Envelope[]
  connections(): number
  close(): Promise<void>
}

/** A mail server without TLS, in memory; one of yesterday does not offer SMTPUTF8. */
export async function startFakeMailServer({ hideSMTPUTF8 = false } = {}): Promise<FakeMailServer> {
  const mails: ReceivedMail[] = []
  const envelopes: Envelope[] = []
  const sockets = new Set<Socket>()
  let fault: MailFault | null = null

  const complaint = (command: string, recipient?: string): Error | null => {
    if (fault?.kind !== 'answer' || fault.to !== command) return null
    if (fault.recipient !== undefined && fault.recipient !== recipient) return null
    return Object.assign(new Error('so it is told'), { responseCode: fault.code })
  }
  const server = new SMTPServer({
    ...{ hideSTARTTLS: true, authOptional: true, allowInsecureAuth: true, closeTimeout: 1, disableReverseLookup: true },
    hideSMTPUTF8,
    onConnect: (_session, done) => {
      if (fault?.kind === 'hang') return
      if (fault?.kind === 'reset') for (const socket of sockets) socket.resetAndDestroy()
      done()
    },
    onAuth: ({ username }, _session, done) => {
      const refused = complaint('AUTH')
      return refused ? done(refused) : done(null, { user: String(username) })
    },
    onMailFrom: (_address, _session, done) => done(complaint('MAIL FROM')),
    onRcptTo: ({ address }, _session, done) => done(complaint('RCPT TO', address)),
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const refused = complaint('DATA')
        if (refused) return done(refused)
        const raw = Buffer.concat(chunks).toString()
        envelopes.push({ smtpUtf8: envelope.smtpUtf8 === true })
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw: unfold(raw) })
        done()
      })
    },
  })
  server.on('error', () => undefined)
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()))

  return {
    url: `smtp://ops:swordfish@127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    setFault: (next) => {
      fault = next
    },
    mails: () => structuredClone(mails),
    envelopes: () => [...envelopes],
    connections: () => sockets.size,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Header lines that were broken are one again (RFC 5322 §2.2.3). */
function unfold(raw: string): string {
  const [head = '', ...body] = raw.split('\r\n\r\n')
  return [head.replace(/\r\n(?=[ \t])/g, ''), ...body].join('\r\n\r\n')
}

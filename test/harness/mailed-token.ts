import type { FakeMailServer } from '../fakes/mail-server.ts'
import { waitFor } from './wait-for.ts'

/** The text of a mail, as its reader sees it. */
export function textOf(raw: string): string {
  const [head = '', ...body] = raw.split('\r\n\r\n')
  const text = body.join('\n\n')
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(text, 'base64').toString()
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return text
  return text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The mails to an address, oldest first. */
export const mailsTo = (server: FakeMailServer, address: string) =>
  server.mails().filter(({ to }) => to.includes(address))

const TOKEN = /\bsb[a-z]_[A-Za-z0-9_-]{43}\b/

/** The newest token that was mailed to an address, once there are `count` of them: mails without one may come between. */
export async function mailedToken(server: FakeMailServer, address: string, count = 1): Promise<string> {
  const tokens = () => mailsTo(server, address).flatMap(({ raw }) => TOKEN.exec(textOf(raw))?.[0] ?? [])
  await waitFor(`there were never ${count} tokens mailed to ${address}`, () => tokens().length >= count)
  return tokens().at(-1) as string
}

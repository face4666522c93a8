import { z } from 'zod'

/** Of the bodies that this program writes and reads. One of another version is left to whoever knows it. */
export const MESSAGE_VERSION = 1

const body = z.object({
  version: z.literal(MESSAGE_VERSION),
  id: z.uuid(),
  /** How often the message of this id had been sent, this time included. */
  send: z.int().min(1),
  /** What the row says, for whoever looks at a message; nobody relies on it. */
  data: z.record(z.string(), z.unknown()),
})
export type MessageBody = z.infer<typeof body>

export const encodeMessage = (message: Omit<MessageBody, 'version'>): string =>
  JSON.stringify({ version: MESSAGE_VERSION, ...message } satisfies MessageBody)

/** Undefined when it is none of ours. */
export function decodeMessage(text: string | undefined): MessageBody | undefined {
  try {
    return body.safeParse(JSON.parse(text ?? '')).data
  } catch {
    return undefined
  }
}

import { type FakeReceiver, type ReceivedCall, type ReceiverAnswer, startFakeReceiver } from './receiver.ts'

type Text = { type?: string; text?: string }
type Block = { type?: string; text?: Text; elements?: Text[] }
type Payload = { text?: unknown; blocks?: Block[] }

/**
 * Incoming webhooks of Slack, which are held to the lengths of Block Kit.
 *
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * @see https://docs.slack.dev/reference/block-kit/blocks
 */
export async function startFakeSlack(): Promise<FakeReceiver & { webhook: string }> {
  const path = '/services/T0001/B0001/swordfish'
  const slack = await startFakeReceiver((call) =>
    call.path === path ? judge(call) : { status: 404, body: 'no_service' },
  )
  return { ...slack, webhook: `${slack.url}${path}` }
}

function judge({ headers, body }: ReceivedCall): ReceiverAnswer {
  const payload = parse(body)
  if (payload === null || headers['content-type'] !== 'application/json')
    return { status: 400, body: 'invalid_payload' }
  const { text, blocks = [] } = payload
  if (typeof text !== 'string' || text === '') return { status: 400, body: 'no_text' }
  const isSound = blocks.length <= 50 && blocks.every(isSoundBlock)
  return isSound ? { status: 200, body: 'ok' } : { status: 400, body: 'invalid_blocks' }
}

function isSoundBlock({ type, text, elements = [] }: Block): boolean {
  const isWithin = (found: Text | undefined, max: number) =>
    found?.text !== undefined && found.text.length >= 1 && found.text.length <= max
  if (type === 'header') return text?.type === 'plain_text' && isWithin(text, 150)
  if (type === 'section') return isWithin(text, 3_000)
  return (
    type === 'context' &&
    elements.length >= 1 &&
    elements.length <= 10 &&
    elements.every((each) => isWithin(each, 3_000))
  )
}

function parse(body: string): Payload | null {
  try {
    return JSON.parse(body) as Payload
  } catch {
    return null
  }
}

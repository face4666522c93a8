import type { Message } from './channel.ts'
import { describeFacts, reasonOf, shorten, titleOf } from './describe-signal.ts'

/** @see https://docs.slack.dev/reference/block-kit/blocks/header-block */
const HEADER_MAX = 150
/** @see https://docs.slack.dev/reference/block-kit/blocks/section-block */
const SECTION_MAX = 3_000

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/**
 * Escapes the three characters that Slack reads, so that no text can mention a channel (`<!channel>`) or hide where a link
 * leads, and cuts it to so many characters, never within an entity or a character.
 *
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escapeForSlack(text: string, charactersMax: number): string {
  const whole = text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? '')
  if (whole.length <= charactersMax) return whole
  let kept = ''
  for (const character of text) {
    const next = ENTITIES[character] ?? character
    if (kept.length + next.length > charactersMax - 1) break
    kept += next
  }
  return `${kept}…`
}

/** As many lines as there is room for. */
function linesWithin(lines: readonly string[], charactersMax: number): string {
  let text = ''
  for (const line of lines) {
    if (text.length + line.length + 1 > charactersMax) break
    text += text === '' ? line : `\n${line}`
  }
  return text
}

/** A signal in Slack's Block Kit; `text` is what notifications and screen readers show. */
export function slackMessage({ deliveryId, tenantId, signal }: Message) {
  const title = titleOf(signal)
  const facts = describeFacts(signal.facts).map(
    ([name, value]) => `*${escapeForSlack(shorten(name, 60), 200)}*: ${escapeForSlack(value, 1_000)}`,
  )
  const lines = [escapeForSlack(reasonOf(signal), 1_000), ...facts]
  const about = [signal.severity, signal.kind, tenantId, signal.subject].join(' · ')
  // `block_id`: Slack drops no repeats, but whoever reads the messages can tell them.
  // `verbatim`: nothing in a text becomes a link to a person or a channel by itself.
  return {
    text: escapeForSlack(title, SECTION_MAX),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      {
        ...{ type: 'header', block_id: deliveryId },
        text: { type: 'plain_text', text: escapeForSlack(title, HEADER_MAX) },
      },
      { type: 'section', text: { type: 'mrkdwn', verbatim: true, text: linesWithin(lines, SECTION_MAX) } },
      { type: 'context', elements: [{ type: 'mrkdwn', verbatim: true, text: escapeForSlack(about, 1_000) }] },
    ],
  }
}

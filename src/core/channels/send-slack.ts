import type { Message, SendOutcome } from './channel.ts'
import { type Fetch, outcomeOf, type PostAnswer, postJson } from './post-json.ts'
import type { SlackSecrets } from './secrets.ts'
import { slackMessage } from './slack-message.ts'

/**
 * What Slack says when the webhook itself is gone, the channel behind it or the workspace around it. A 404 without one of
 * these words may be a proxy's, and does not switch the channel off.
 *
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
 */
const GONE = ['no_service', 'no_active_hooks', 'no_team', 'team_disabled', 'channel_not_found', 'channel_is_archived']
const WORD = /^[a-z_]{1,60}$/

function explain(outcome: SendOutcome, { status, text }: PostAnswer): SendOutcome {
  if (outcome.kind !== 'refused') return outcome
  const said = text.trim()
  // Only a code of Slack's is repeated: other bodies are anybody's.
  const reason = WORD.test(said) ? `Slack answered ${status}: ${said}` : outcome.reason
  return { ...outcome, reason, disablesChannel: GONE.includes(said) || status === 410 }
}

/** An incoming webhook of Slack. Its address is the secret that lets us in. */
export function slackSender(fetch: Fetch) {
  return async ({ url }: SlackSecrets, message: Message, signal: AbortSignal): Promise<SendOutcome> => {
    const body = JSON.stringify(slackMessage(message))
    const answer = await postJson(fetch, { url, headers: {}, body }, signal)
    return explain(outcomeOf(answer, 'Slack'), answer)
  }
}

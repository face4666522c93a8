import { abortable } from '../../../kernel/abort.ts'
import { type Outbound, OutboundRefused } from '../../../platform/outbound/index.ts'
import { ICALENDAR_BYTES_MAX } from './read-icalendar.ts'

const WITHIN_MS = 20_000

/** What a feed's address answers; or why there is nothing, as the end of a sentence about the feed. */
export type FetchedFeed = { body: Buffer } | { failure: string }

const tooSlow = { failure: `its address did not answer within ${WITHIN_MS / 1_000} seconds` }
const noAnswer = { failure: 'its address did not answer, or the answer broke off' }

/** Asks the address through the outbound guard. Rejects only with the reason of `gone`. */
export async function fetchFeed(
  outbound: Pick<Outbound, 'check' | 'fetch'>,
  url: string,
  gone: AbortSignal,
): Promise<FetchedFeed> {
  const timeout = AbortSignal.timeout(WITHIN_MS)
  const signal = AbortSignal.any([gone, timeout])
  try {
    // Says the same of a private name and of one that does not exist; the answer of a connection would tell them apart.
    await abortable(outbound.check(url), signal)
  } catch (error) {
    gone.throwIfAborted()
    if (timeout.aborted) return tooSlow
    if (!(error instanceof OutboundRefused)) return noAnswer
    return { failure: `its address may not be called: ${error.public.replace(/\.$/, '')}` }
  }
  try {
    return await abortable(ask(outbound, url, signal), signal)
  } catch {
    gone.throwIfAborted()
    return timeout.aborted ? tooSlow : noAnswer
  }
}

async function ask(
  outbound: Pick<Outbound, 'check' | 'fetch'>,
  url: string,
  signal: AbortSignal,
): Promise<FetchedFeed> {
  const answer = await outbound.fetch(url, { signal, headers: { accept: 'text/calendar, text/plain;q=0.5' } })
  if (answer.status >= 300 && answer.status < 400) {
    await answer.body?.cancel()
    return { failure: `its address leads to another one (${answer.status}): enter that one` }
  }
  if (answer.status !== 200) {
    await answer.body?.cancel()
    return { failure: `its address answered ${answer.status}` }
  }
  const body = await readBounded(answer.body ?? [])
  return body ? { body } : { failure: `it is larger than ${ICALENDAR_BYTES_MAX / 1_048_576} MB` }
}

/** All of it; undefined, and the rest unread, when it is larger than a feed may be. */
export async function readBounded(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Buffer | undefined> {
  const held: Uint8Array[] = []
  let bytes = 0
  for await (const part of parts) {
    bytes += part.byteLength
    if (bytes > ICALENDAR_BYTES_MAX) return undefined
    held.push(part)
  }
  return Buffer.concat(held)
}

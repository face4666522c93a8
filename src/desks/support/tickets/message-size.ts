/**
 * The longest message that is stored, in bytes of UTF-8. What is behind it is cut where a ticket is read, whoever delivers
 * it: a ticket with a log pasted into it is worth having without the end of the log.
 */
export const MESSAGE_BYTES_MAX = 1_048_576

/** A character takes four bytes at the most, so what was cut is at least that long. */
const CUT_BYTES_MIN = MESSAGE_BYTES_MAX - 3

/**
 * Whether something was cut from a stored message, which its length tells: then it is as long as may be. One that happens
 * to be so long by itself is taken for cut. No mark of its own: it would have to survive exports and imports, too.
 */
export const IS_CUT = `octet_length(message) >= ${CUT_BYTES_MIN}`

/** The message as far as it is stored; a copy where it was cut, which does not keep the whole text in memory. */
export function cutMessage(message: string): string {
  // A unit of UTF-16 takes three bytes of UTF-8 at the most.
  if (message.length * 3 <= MESSAGE_BYTES_MAX) return message
  const bytes = Buffer.from(message.slice(0, MESSAGE_BYTES_MAX + 1), 'utf8')
  if (bytes.length <= MESSAGE_BYTES_MAX) return message
  let end = MESSAGE_BYTES_MAX
  while (isContinued(bytes[end])) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** A byte of UTF-8 that goes on with the character before it. */
const isContinued = (byte: number | undefined) => byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000

/** The bytes of a file from where it is being read: the record under way, and what has come behind it. */
export type ByteWindow = {
  bytes: Buffer
  /** Nothing comes behind `bytes`. */
  isWhole: boolean
  /** Drops what stands before `from`, which becomes 0, and takes the next piece. */
  more(from: number): Promise<void>
}

const NOTHING = Buffer.alloc(0)

/** Without the byte order mark of a file that has one. */
export async function openWindow(pieces: AsyncIterable<Buffer>): Promise<ByteWindow> {
  const iterator = pieces[Symbol.asyncIterator]()
  const window: ByteWindow = {
    bytes: NOTHING,
    isWhole: false,
    more: async (from) => {
      const left = window.bytes.subarray(from)
      const next = await iterator.next()
      if (next.done) window.isWhole = true
      const piece: Buffer = next.done ? NOTHING : next.value
      window.bytes = left.length === 0 ? piece : piece.length === 0 ? left : Buffer.concat([left, piece])
    },
  }
  while (window.bytes.length < 3 && !window.isWhole) await window.more(0)
  const { bytes } = window
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) window.bytes = bytes.subarray(3)
  return window
}

const LF = 0x0a
const CR = 0x0d

/** Behind the end of the line that begins at `from`: LF, CR or both. -1 while that cannot be told. */
export function endOfLine({ bytes, isWhole }: ByteWindow, from: number): number {
  const { length } = bytes
  for (let place = from; place < length; place += 1) {
    const byte = bytes[place]
    if (byte === LF) return place + 1
    if (byte !== CR) continue
    if (place + 1 === length) break
    return bytes[place + 1] === LF ? place + 2 : place + 1
  }
  return isWhole ? length : -1
}

/** Goes on behind a line that is too long to be kept, whatever it takes. Answers where the next one begins. */
export async function skipLine(window: ByteWindow, from: number): Promise<number> {
  for (let at = from; ; at = 0) {
    const end = endOfLine(window, at)
    if (end >= 0) return end
    // The last byte stays: it may be the first half of a line end.
    await window.more(Math.max(at, window.bytes.length - 1))
  }
}

/** LF, CR and both together each count as one. */
export function countLineEnds(bytes: Buffer, from: number, to: number): number {
  let count = 0
  for (let place = from; place < to; place += 1) {
    const byte = bytes[place]
    if (byte === LF || (byte === CR && bytes[place + 1] !== LF)) count += 1
  }
  return count
}

/** The beginning of what stands there, for people; a character that is cut through is left out. */
export function textOf({ bytes }: ByteWindow, from: number, to: number, bytesMax: number): string {
  let end = Math.min(to, from + bytesMax)
  while (end < to && end > from && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', from, end)
}

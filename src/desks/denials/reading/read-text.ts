import { type Reading, readingOf } from './reading.ts'

/**
 * The text of a text file in whatever encoding it was written: UTF-8, UTF-16 with a mark or without, else Windows-1252, which
 * has a character for every byte and is what letters of old systems come in.
 */
export function readText(bytes: Uint8Array): Reading {
  return readingOf(decode(bytes).split('\f'))
}

/** As `readText` decodes it. */
export function decode(bytes: Uint8Array): string {
  const [first, second, third] = bytes
  if (first === 0xef && second === 0xbb && third === 0xbf) return new TextDecoder('utf-8').decode(bytes)
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  const order = orderOfZeros(bytes.subarray(0, 4_096))
  if (order) return new TextDecoder(order).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Western text in UTF-16 has a zero in nearly every second byte, and text in one byte has none. */
function orderOfZeros(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const zeros = [0, 0]
  for (const [index, byte] of bytes.entries()) if (byte === 0) zeros[index & 1] = (zeros[index & 1] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  if (odd > bytes.length / 4 && even < odd / 4) return 'utf-16le'
  if (even > bytes.length / 4 && odd < even / 4) return 'utf-16be'
  return undefined
}

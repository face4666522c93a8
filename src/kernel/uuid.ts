import { randomFillSync } from 'node:crypto'

/**
 * UUIDs of version 7 (RFC 9562) in ascending order, at most 4,096: the time, the place in the batch, 62 random bits.
 * For rows written many at a time: PostgreSQL's own uuidv7() may ask the system for randomness row by row, and then
 * costs as much as an index.
 */
export function uuidsV7(count: number, nowMs: number): string[] {
  const bytes = randomFillSync(Buffer.allocUnsafe(count * 16))
  return Array.from({ length: count }, (_, index) => {
    const at = index * 16
    bytes.writeUIntBE(nowMs, at, 6)
    bytes.writeUInt16BE(0x7000 | index, at + 6)
    bytes.writeUInt8(0x80 | (bytes.readUInt8(at + 8) & 0x3f), at + 8)
    const hex = bytes.toString('hex', at, at + 16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  })
}

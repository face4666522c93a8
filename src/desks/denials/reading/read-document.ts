import { type ReadLimits, readPdf } from './read-pdf.ts'
import { readText } from './read-text.ts'
import { type Reading, readingOf } from './reading.ts'

/** Of one file. */
export const FILE_BYTES_MAX = 10 * 1_048_576
/** Where a PDF says that it is one; mail systems put junk before it. */
const HEAD_BYTES = 1_024

/** `text` has its pages divided by form feeds. */
export type ReadDocument = { text: string; pages: number } | { unreadable: string }

/** What is in a file, found by its bytes: its name says nothing. Rejects with the reason of `signal`. */
export async function readDocument(bytes: Buffer, signal: AbortSignal, limits?: ReadLimits): Promise<ReadDocument> {
  if (bytes.length === 0) return { unreadable: 'it is empty' }
  const head = bytes.subarray(0, HEAD_BYTES)
  if (head.includes('%PDF-')) {
    const read = await readPdf(bytes, signal, limits)
    if ('unreadable' in read) return read
    // A scan has pages without text: it is kept, and its case asks for a better one.
    return { text: textOf(readingOf(read.pages)), pages: Math.max(read.pages.length, 1) }
  }
  const foreign = FOREIGN.find(({ starts }) => head.subarray(0, 16).indexOf(starts) === 0)
  if (foreign) return { unreadable: foreign.why }
  const reading = readText(bytes)
  const text = textOf(reading)
  return text.trim() === '' ? { unreadable: 'there is no text in it' } : { text, pages: reading.pages }
}

function textOf({ lines, pages }: Reading): string {
  const byPage = Map.groupBy(lines, ({ page }) => page)
  return Array.from({ length: pages }, (_, index) =>
    (byPage.get(index + 1) ?? []).map(({ text }) => text).join('\n'),
  ).join('\f')
}

const FOREIGN = [
  { starts: Buffer.from('PK\x03\x04'), why: 'office files are not read; save it as PDF' },
  { starts: Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), why: 'office files are not read; save it as PDF' },
  { starts: Buffer.from([0x89, 0x50, 0x4e, 0x47]), why: 'pictures are not read; send a PDF with text' },
  { starts: Buffer.from([0xff, 0xd8, 0xff]), why: 'pictures are not read; send a PDF with text' },
  { starts: Buffer.from('II*\0'), why: 'pictures are not read; send a PDF with text' },
  { starts: Buffer.from('MM\0*'), why: 'pictures are not read; send a PDF with text' },
]

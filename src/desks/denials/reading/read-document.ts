import { readText } from './read-text.ts'

/** Of one file. */
export const FILE_BYTES_MAX = 10 * 1_048_576

/** `text` has its pages divided by form feeds. */
export type ReadDocument = { text: string; pages: number } | { unreadable: string }

/** What is in a file, found by its bytes: its name says nothing. */
export async function readDocument(bytes: Buffer, _signal: AbortSignal): Promise<ReadDocument> {
  if (bytes.length === 0) return { unreadable: 'it is empty' }
  const foreign = FOREIGN.find(({ starts }) => bytes.subarray(0, 1_024).includes(starts))
  if (foreign) return { unreadable: foreign.why }
  const { pages, lines } = readText(bytes)
  const byPage = Map.groupBy(lines, ({ page }) => page)
  const text = [...byPage.values()].map((each) => each.map((line) => line.text).join('\n')).join('\f')
  return text.trim() === '' ? { unreadable: 'there is no text in it' } : { text, pages }
}

const FOREIGN = [
  { starts: Buffer.from('%PDF-'), why: 'PDF files are not read yet; send the text' },
  { starts: Buffer.from('PK\x03\x04'), why: 'office files are not read yet; send the text' },
]

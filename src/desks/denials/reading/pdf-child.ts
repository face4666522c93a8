/**
 * A process of its own that reads the text of one PDF from its input and answers its pages as JSON: whatever the file does to the
 * parser, it does to this process alone.
 */
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { init, type WrappedPdfiumModule } from '@embedpdf/pdfium'

/** What a PDF says page by page, or the end of a sentence that says why it says nothing. */
export type ReadPages = { pages: string[] } | { unreadable: string }

const PAGES_MAX = 500
const CHARACTERS_MAX = 1_900_000
/** PDFium's FPDF_ERR_PASSWORD. */
const PASSWORD = 4
const BYTES_OF_A_CHARACTER = 2

async function open(): Promise<WrappedPdfiumModule> {
  const wasm = await readFile(fileURLToPath(import.meta.resolve('@embedpdf/pdfium/pdfium.wasm')))
  const pdfium = await init({
    wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length) as ArrayBuffer,
  })
  pdfium.PDFiumExt_Init()
  return pdfium
}

/** What the library does not declare of its memory. Asked for anew each time: it is another array once the memory has grown. */
type Memory = {
  wasmExports: { malloc(bytes: number): number; free(at: number): void }
  HEAPU8: Uint8Array<ArrayBuffer>
}
const memoryOf = (pdfium: WrappedPdfiumModule) => pdfium.pdfium as unknown as Memory

async function read(bytes: Buffer): Promise<ReadPages> {
  const pdfium = await open()
  const file = memoryOf(pdfium).wasmExports.malloc(bytes.length)
  memoryOf(pdfium).HEAPU8.set(bytes, file)
  const document = pdfium.FPDF_LoadMemDocument(file, bytes.length, '')
  if (!document) {
    return { unreadable: pdfium.FPDF_GetLastError() === PASSWORD ? 'it has a password' : 'it is damaged, or no PDF' }
  }
  const count = pdfium.FPDF_GetPageCount(document)
  if (count > PAGES_MAX) return { unreadable: `it has ${count} pages, more than ${PAGES_MAX}` }
  const pages: string[] = []
  let characters = 0
  for (let index = 0; index < count; index += 1) {
    const text = textOfPage(pdfium, document, index)
    characters += text.length
    if (characters > CHARACTERS_MAX) return { unreadable: `it has more than ${CHARACTERS_MAX} characters` }
    pages.push(text)
  }
  return { pages }
}

function textOfPage(pdfium: WrappedPdfiumModule, document: number, index: number): string {
  const page = pdfium.FPDF_LoadPage(document, index)
  if (!page) return ''
  const text = pdfium.FPDFText_LoadPage(page)
  const count = text ? pdfium.FPDFText_CountChars(text) : 0
  if (count <= 0) return ''
  const { wasmExports } = memoryOf(pdfium)
  const at = wasmExports.malloc((count + 1) * BYTES_OF_A_CHARACTER)
  const written = pdfium.FPDFText_GetText(text, 0, count, at)
  const heap = Buffer.from(memoryOf(pdfium).HEAPU8.buffer, at, Math.max(0, written - 1) * BYTES_OF_A_CHARACTER)
  const found = heap.toString('utf16le')
  wasmExports.free(at)
  pdfium.FPDFText_ClosePage(text)
  pdfium.FPDF_ClosePage(page)
  return found
}

let answer: ReadPages
try {
  answer = await read(await buffer(process.stdin))
} catch (error) {
  answer = {
    unreadable: `reading it failed: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown reason'}`,
  }
}
process.stdout.write(JSON.stringify(answer))

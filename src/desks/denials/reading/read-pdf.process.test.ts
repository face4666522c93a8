import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readDocument } from './read-document.ts'
import { readPdf } from './read-pdf.ts'

const signal = AbortSignal.timeout(600_000)
/** A process takes its time to start on a machine that has other work. */
const PATIENT = { withinSeconds: 300, memoryMegabytes: 512 }

/** A PDF of so many pages, each with lines of text, as small as the format allows. */
function pdfOf(pages: readonly (readonly string[])[], { isEncrypted = false } = {}): Buffer {
  const objects: string[] = ['<< /Type /Catalog /Pages 2 0 R >>']
  const first = 4
  objects.push(
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, index) => `${first + index * 2} 0 R`).join(' ')}] >>`,
  )
  objects.push('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>')
  for (const [index, lines] of pages.entries()) {
    const drawn = lines.map((line) => `(${line.replace(/[()\\]/g, '\\$&')}) Tj T*`).join('\n')
    const stream = `BT /F1 11 Tf 14 TL 50 760 Td\n${drawn}\nET`
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${first + index * 2 + 1} 0 R >>`,
    )
    objects.push(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`)
  }
  const encryption = `/Encrypt << /Filter /Standard /V 1 /R 2 /O <${'a'.repeat(64)}> /U <${'b'.repeat(64)}> /P -4 >> /ID [<00> <00>]`
  const offsets: number[] = []
  let body = '%PDF-1.4\n'
  for (const [index, object] of objects.entries()) {
    offsets.push(body.length)
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const trailer = `trailer << /Size ${objects.length + 1} /Root 1 0 R ${isEncrypted ? encryption : ''} >>`
  return Buffer.from(
    `${body}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}${trailer}\nstartxref\n${body.length}\n%%EOF\n`,
    'latin1',
  )
}

describe('a PDF', () => {
  it('is read page by page, line by line, with junk before its head too', async () => {
    const letter = readFileSync(new URL('../../../../eval/denials/letters/pa_denial_001.txt', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n')
    const file = pdfOf([letter, ['The second page.']])
    for (const bytes of [file, Buffer.concat([Buffer.from('junk\r\n'), file])]) {
      const read = await readDocument(bytes, signal, PATIENT)
      if ('unreadable' in read) throw new Error(read.unreadable)
      expect(read.pages).toBe(2)
      const [first = '', second] = read.text.split('\f')
      // Empty lines draw nothing, so there are none.
      expect(
        first
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => line.trim()),
      ).toEqual(letter.filter((line) => line.trim() !== '').map((line) => line.trim()))
      expect(second?.trim()).toBe('The second page.')
    }
  })

  it('without text has pages and no text: it is a scan', async () => {
    expect(await readDocument(pdfOf([[]]), signal, PATIENT)).toMatchObject({ pages: 1, text: '' })
  })

  it('that is damaged or has a password says so', async () => {
    expect(await readDocument(Buffer.from('%PDF-1.7\nnothing more'), signal, PATIENT)).toEqual({
      unreadable: 'it is damaged, or no PDF',
    })
    expect(await readDocument(pdfOf([['secret']], { isEncrypted: true }), signal, PATIENT)).toEqual({
      unreadable: 'it has a password',
    })
  })

  it('that takes too long or too much memory costs its own process, and says so', async () => {
    const file = pdfOf(
      Array.from({ length: 400 }, (_, page) => Array.from({ length: 50 }, (_, line) => `Page ${page}, line ${line}.`)),
    )
    expect(await readPdf(file, signal, { withinSeconds: 0.001, memoryMegabytes: 512 })).toEqual({
      unreadable: 'reading it takes more than 0.001 seconds',
    })
    expect(await readPdf(file, signal, { withinSeconds: 300, memoryMegabytes: 1 })).toEqual({
      unreadable: 'reading it takes more than 1 MB of memory',
    })
  })

  it('is left when its sender has gone', async () => {
    const gone = new AbortController()
    const read = readPdf(pdfOf([['A page.']]), gone.signal)
    gone.abort(new Error('gone'))
    await expect(read).rejects.toThrow('gone')
  })
})

describe('other files', () => {
  it('are told by their bytes', async () => {
    expect(await readDocument(Buffer.from('PK\x03\x04rest'), signal)).toEqual({
      unreadable: 'office files are not read; save it as PDF',
    })
    expect(await readDocument(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d]), signal)).toEqual({
      unreadable: 'pictures are not read; send a PDF with text',
    })
    expect(await readDocument(Buffer.from('Dear Ann Lee'), signal)).toEqual({ text: 'Dear Ann Lee', pages: 1 })
  })
})

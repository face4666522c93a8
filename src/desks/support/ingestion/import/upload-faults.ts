import { ingestionFault } from '../faults.ts'

export const tooLarge = (maxBytes: number) =>
  ingestionFault('ingestion.import_too_large', {
    public: `A file may have at most ${Math.floor(maxBytes / 1_048_576)} MB. Split it; the order of the parts does not matter.`,
    internal: 'an upload is over IMPORT_MAX_MEGABYTES',
    // The rest of the body is not read.
    headers: { connection: 'close' },
  })

export const empty = () =>
  ingestionFault('ingestion.import_empty', {
    public: 'The request has no body. Send the file itself as the body, with its Content-Type.',
    internal: 'an upload without a byte',
  })

export const notUtf8 = (megabyte: number, cause: unknown) =>
  ingestionFault('ingestion.import_not_utf8', {
    public: `The file is not UTF-8: a byte in or before its megabyte ${megabyte} cannot be read. Save it as UTF-8 and send it again; nothing was kept.`,
    internal: 'an upload in another encoding',
    headers: { connection: 'close' },
    cause,
  })

export const tooMany = (filesMax: number) =>
  ingestionFault('ingestion.too_many_imports', {
    public: `${filesMax} files of this tenant arrive or wait to be read. Send the next one when one of them is done.`,
    internal: 'too many uploads wait',
    headers: { 'retry-after': '30', connection: 'close' },
  })

export const broken = (cause: unknown) =>
  ingestionFault('ingestion.upload_broken', {
    public: 'The file did not arrive completely. Nothing of it was kept; send it again.',
    internal: 'an upload broke off or stood still',
    cause,
  })

export const tooManyPreviews = () =>
  ingestionFault('ingestion.too_many_previews', {
    public: 'Too many files are being looked at. Try again in a moment.',
    internal: 'previews wait for threads that are taken',
    headers: { 'retry-after': '2' },
  })

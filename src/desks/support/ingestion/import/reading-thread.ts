import { parentPort, workerData } from 'node:worker_threads'
import type { SetAside } from './csv-rows.ts'
import { UnreadableFile } from './limits.ts'
import { lookAtFile } from './look-at-file.ts'
import { type FileRecord, type ImportFormat, readRecords } from './read-records.ts'
import type { Wanted } from './wanted-columns.ts'

/** Records, and how many they stand for: those past {@link TOLD_MAX} that cannot be read are told together. */
export type ReadBatch = { records: FileRecord[]; count: number }

/** So many that cannot be read are told one by one; of the others, only how many fail alike. */
const TOLD_MAX = 2_000
/** Records that one batch may stand for. */
const COUNT_MAX = 50_000

/** What the thread is to read. `skip`: records that are stored already. */
export type ThreadOrder = {
  format: ImportFormat
  wanted: Wanted
  skip: number
  batch: { records: number; bytes: number }
}
/** To the thread: read on to the next batch; the piece it wanted, null behind the last. */
export type ToThread = { kind: 'next' } | { kind: 'piece'; bytes: Uint8Array | null }
/** From the thread, one answer to each: a piece is wanted, a batch is read, or the file is over. */
export type FromThread =
  | { kind: 'want' }
  | ({ kind: 'batch' } & ReadBatch)
  | { kind: 'over'; unreadable: string | null }

/** To look at the beginning of a file; the one answer is a {@link FileLook}. */
export type LookOrder = { look: { format: ImportFormat; wanted: Wanted; isCut: boolean }; head: Uint8Array }

if (parentPort) {
  const order = workerData as ThreadOrder | LookOrder
  if ('look' in order) parentPort.postMessage(await lookAtFile(order.look, Buffer.from(order.head)))
  else await readFor(parentPort, order)
}

/** Reads a file in a thread of its own, where neither its size nor its shape keeps anybody waiting. */
async function readFor(port: NonNullable<typeof parentPort>, { format, wanted, skip, batch }: ThreadOrder) {
  // What fails, fails millions of times in some files; nobody looks where.
  Error.stackTraceLimit = 0
  const receive = receiver<ToThread>(port)
  const tell = (message: FromThread) => port.postMessage(message)
  async function* pieces() {
    for (;;) {
      tell({ kind: 'want' })
      const answer = await receive()
      if (answer.kind !== 'piece' || answer.bytes === null) return
      yield Buffer.from(answer.bytes.buffer, answer.bytes.byteOffset, answer.bytes.byteLength)
    }
  }
  let [records, bytes, count]: [FileRecord[], number, number] = [[], 0, 0]
  const told = new Map<string, SetAside>()
  let [seen, setAside] = [0, 0]
  const handOver = async () => {
    tell({ kind: 'batch', records, count })
    ;[records, bytes, count] = [[], 0, 0]
    told.clear()
    await receive()
  }
  const add = (record: FileRecord) => {
    count += 1
    if ('failure' in record && ++setAside > TOLD_MAX) {
      const alike = told.get(record.failure)
      if (alike) {
        alike.alike = (alike.alike ?? 0) + 1
        return
      }
      told.set(record.failure, record)
    }
    records.push(record)
    bytes += record.bytes
  }
  await receive()
  try {
    for await (const record of readRecords(format, wanted, pieces())) {
      seen += 1
      if (seen <= skip) continue
      add(record)
      if (records.length >= batch.records || bytes >= batch.bytes || count >= COUNT_MAX) await handOver()
    }
    if (count > 0) await handOver()
    tell({ kind: 'over', unreadable: null })
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    if (count > 0) await handOver()
    tell({ kind: 'over', unreadable: error.message })
  }
  port.close()
}

/** The messages of a port, one after the other. */
function receiver<Message>(port: NonNullable<typeof parentPort>): () => Promise<Message> {
  const arrived: Message[] = []
  let waiting: ((message: Message) => void) | undefined
  port.on('message', (message: Message) => {
    if (waiting) waiting(message)
    else arrived.push(message)
    waiting = undefined
  })
  return () => {
    const first = arrived.shift()
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve) => {
      waiting = resolve
    })
  }
}

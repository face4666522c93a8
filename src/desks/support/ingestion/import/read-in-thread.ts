import { Worker } from 'node:worker_threads'
import { UnreadableFile } from './limits.ts'
import type { FileLook } from './look-at-file.ts'
import type { FromThread, LookOrder, ReadBatch, ThreadOrder, ToThread } from './reading-thread.ts'

const THREAD = new URL('./reading-thread.ts', import.meta.url)

/** What a thread may take; past it, the file is unreadable. */
export type ThreadBounds = {
  /** For one batch, while it waits for nothing. */
  seconds: number
  memoryMegabytes: number
}
const BOUNDS: ThreadBounds = { seconds: 60, memoryMegabytes: 256 }
const LOOK_BOUNDS: ThreadBounds = { seconds: 10, memoryMegabytes: 64 }

type Reading = {
  order: ThreadOrder
  /** The next bytes of the file; null behind the last. */
  nextPiece: () => Promise<Uint8Array | null>
  signal: AbortSignal
  bounds?: ThreadBounds
  /** Of tests: another program for the thread. */
  program?: URL
}

/**
 * The records of a file, batch by batch, read in a thread of its own: whatever the file is, this process goes on. At most
 * one batch is read ahead of the one being used. The thread ends with this generator, with the signal, and past its bounds.
 *
 * @throws UnreadableFile, or the reason of the signal
 */
export async function* readInThread({ order, nextPiece, signal, bounds = BOUNDS, program = THREAD }: Reading) {
  const { thread, over, end } = startThread(order, { signal, bounds, program })

  /** One answer to one message. */
  const ask = (message: ToThread): Promise<FromThread> => {
    let timer: NodeJS.Timeout | undefined
    const answered = new Promise<FromThread>((resolve) => thread.once('message', resolve))
    thread.postMessage(message)
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow(bounds)), bounds.seconds * 1_000)
    })
    return Promise.race([answered, late, over]).finally(() => clearTimeout(timer))
  }
  const nextBatch = async (): Promise<ReadBatch | null> => {
    let answer = await ask({ kind: 'next' })
    while (answer.kind === 'want') {
      const bytes = await Promise.race([nextPiece(), over])
      answer = await ask({ kind: 'piece', bytes })
    }
    if (answer.kind === 'batch') return answer
    if (answer.unreadable !== null) throw new UnreadableFile(answer.unreadable)
    return null
  }
  try {
    let ahead = nextBatch()
    for (;;) {
      const batch = await ahead
      if (batch === null) return
      ahead = nextBatch()
      // Heard when it is awaited; perhaps nobody comes back for it.
      ahead.catch(() => {})
      yield batch
    }
  } finally {
    await end()
  }
}

/** A look at the beginning of a file, in a thread like the one that would read it. @throws UnreadableFile, or the reason of the signal */
export async function lookInThread(order: LookOrder, signal: AbortSignal, bounds = LOOK_BOUNDS): Promise<FileLook> {
  const { thread, over, end } = startThread(order, { signal, bounds, program: THREAD })
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(tooSlow(bounds)), bounds.seconds * 1_000)
  try {
    const looked = new Promise<FileLook>((resolve) => thread.once('message', resolve))
    return await Promise.race([looked, late.promise, over])
  } finally {
    clearTimeout(timer)
    await end()
  }
}

type Started = { signal: AbortSignal; bounds: ThreadBounds; program: URL }

/** A thread that is given an order; `over` rejects when it ends by itself, fails, or is to end. */
function startThread(order: ThreadOrder | LookOrder, { signal, bounds, program }: Started) {
  signal.throwIfAborted()
  const thread = new Worker(program, {
    workerData: order,
    // Nothing of this process is its business.
    ...{ env: {}, execArgv: [], argv: [] },
    resourceLimits: { maxOldGenerationSizeMb: bounds.memoryMegabytes, maxYoungGenerationSizeMb: 32, stackSizeMb: 2 },
  })
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  const onAbort = () => over.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  thread.on('error', (error: Error & { code?: string }) => over.reject(explain(error, bounds)))
  thread.on('exit', () => over.reject(new Error('the thread that reads a file has ended')))
  const end = async () => {
    signal.removeEventListener('abort', onAbort)
    await thread.terminate()
  }
  return { thread, over: over.promise, end }
}

const tooSlow = ({ seconds }: ThreadBounds) => new UnreadableFile(`a part of it took longer than ${seconds} s to read`)

function explain(error: Error & { code?: string }, { memoryMegabytes }: ThreadBounds): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new UnreadableFile(`a part of it took more than ${memoryMegabytes} MB of memory to read`, { cause: error })
}

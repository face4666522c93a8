import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'

/**
 * A thread of its own, which still runs when the main one is held. Once the main thread has not come round for `limitMs`, it is
 * asked, in the midst of what it does, to look at itself: V8 interrupts running code for that, as it does for a debugger.
 */
export type Outside = {
  /** When the main thread came round last: `process.hrtime.bigint()`, which all threads share. */
  cameRound: BigInt64Array<SharedArrayBuffer>
  limitMs: number
  /** What the main thread is to evaluate. */
  look: string
}

const { cameRound, limitMs, look } = workerData as Outside
/** The turn in which it was asked last: once for each. */
let asked = 0n

setInterval(() => {
  const turn = Atomics.load(cameRound, 0)
  if (turn === asked || Number(process.hrtime.bigint() - turn) < limitMs * 1_000_000) return
  asked = turn
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression: look, silent: true }, () => session.disconnect())
}, limitMs / 4)

import { spawn } from 'node:child_process'
import process from 'node:process'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** The kernel signals a whole group at once; hearing of the canary's end takes a few milliseconds more, under load many. */
const CANARY_MS = 300

/**
 * Hands signals on to `child`, so that it hears each exactly once: a program may take a second one for impatience.
 * Ctrl-C in a terminal reaches every process of our group, the child included, and npm hands us the same one again;
 * `kill` reaches us alone. The canary, which is in the group and nothing else, tells the two apart by dying.
 */
export function handSignalsOn(child) {
  const canary = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  canary.on('error', () => undefined)
  const heard = new Set()
  const handOn = (signal) => {
    if (heard.has(signal)) return
    heard.add(signal)
    const decide = () => canary.signalCode === signal || child.kill(signal)
    // By then what has come in meanwhile has been heard, also when we were held up ourselves.
    setTimeout(() => setImmediate(decide), CANARY_MS)
  }
  for (const signal of SIGNALS) process.on(signal, handOn)
  return {
    heard,
    stop() {
      for (const signal of SIGNALS) process.off(signal, handOn)
      canary.kill('SIGKILL')
    },
  }
}

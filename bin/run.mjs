import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { handSignalsOn } from './signals.mjs'

/**
 * Runs a command to its end: `{ code, output, stopped }`, where code is 128 + n when signal n ended it, output is what
 * it said on pipes, and stopped tells whether somebody asked us to stop meanwhile.
 */
export function run(command, commandArguments, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, options)
    const signals = handSignalsOn(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
    child.once('error', (error) => {
      signals.stop()
      reject(error)
    })
    child.once('close', (code, signal) => {
      signals.stop()
      resolve({ code: code ?? 128 + constants.signals[signal], output, stopped: signals.heard.size > 0 })
    })
  })
}

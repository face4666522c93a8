import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a command to its end: `{ code, output, stopped }`, where code is 128 + n for signal n and output is what it
 * said on pipes. Each signal is handed on once. After Ctrl-C, which a terminal sends to every process of the group,
 * the command hears it a second time and must not mind; ignoring it here would make it deaf to one sent to us alone.
 */
export function run(command, commandArguments, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, options)
    const heard = new Set()
    const handOn = (signal) => heard.has(signal) || (heard.add(signal) && child.kill(signal))
    for (const signal of SIGNALS) process.on(signal, handOn)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      for (const name of SIGNALS) process.off(name, handOn)
      resolve({ code: code ?? 128 + constants.signals[signal], output, stopped: heard.size > 0 })
    })
  })
}

import { spawn } from 'node:child_process'

/** A program of ours as a process of its own, ready when it has printed an address where `address` looks for it. */
export async function spawnServer(program: readonly string[], environment: Record<string, string>, address: RegExp) {
  const child = spawn(process.execPath, program, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', ...environment },
  })
  // A benchmark that breaks off comes to no `finally`.
  process.once('exit', () => child.kill())
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      const served = address.exec(output)?.[1]
      if (served) resolve(served)
      // Only the beginning is looked at; the rest of the log is read and dropped.
      if (output.length > 100_000) output = ''
    })
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}: ${output}`)))
  })
  return {
    url,
    pid: child.pid,
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

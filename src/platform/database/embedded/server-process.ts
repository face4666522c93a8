import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { type Account, runAs } from './account.ts'

/**
 * The server's guardian: starts it, hands it each signal that arrives by name on the pipe, asks it to stop when the
 * pipe ends, and ends as it ends.
 *
 * The guardian and the server have a session of their own, so that Ctrl-C in a terminal stops us in order and not the
 * server under us. For the same reason killing our process group would leave the server behind: the pipe, which the
 * kernel closes with the last breath of the owner, is what stops it then. The descriptor must be duplicated because a
 * shell gives background jobs an empty standard input.
 */
const GUARDIAN = `
exec 3<&0 </dev/null
"$@" 3<&- & server=$!
{ while read -r signal; do kill -s "$signal" $server; done; kill -s INT $server; } <&3 2>/dev/null & pipe=$!
exec 3<&-
wait $server; code=$?
kill $pipe 2>/dev/null
exit $code`

/** Fast shutdown writes a checkpoint; immediate shutdown gives its own children 5 s before it kills them. */
const WAYS_TO_STOP = [
  ['INT', 10_000],
  ['QUIT', 7_000],
] as const

export type ServerProcess = {
  /** Resolves when the server is gone, with how it went. */
  exited: Promise<string>
  /** Stops the server in order, within 17 s by force; resolves when it is gone. */
  stop(): Promise<void>
}

export function spawnServer(options: {
  postgres: string
  serverArguments: string[]
  account: Account
  logDescriptor: number
}): ServerProcess {
  const { postgres, serverArguments, account, logDescriptor } = options
  const guardian = spawn('/bin/sh', ['-c', GUARDIAN, 'signalbox-postgres', postgres, ...serverArguments], {
    ...runAs(account),
    detached: true,
    stdio: ['pipe', logDescriptor, logDescriptor],
  })
  closeSync(logDescriptor)
  const pipe = guardian.stdin
  // The pipe breaks when the server goes first; its exit says so better.
  pipe?.on('error', () => undefined)

  const exited = new Promise<string>((resolve) => {
    guardian.once('error', (error) => resolve(error.message))
    guardian.once('exit', (code, signal) => resolve(signal === null ? describeExit(code ?? 0) : `signal ${signal}`))
  })

  const isGoneWithin = async (milliseconds: number) => {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, milliseconds, false)
    })
    const gone = await Promise.race([exited.then(() => true), tooLate])
    clearTimeout(timer)
    return gone
  }

  const stop = async () => {
    for (const [signal, milliseconds] of WAYS_TO_STOP) {
      pipe?.write(`${signal}\n`)
      if (await isGoneWithin(milliseconds)) return
    }
    pipe?.write('KILL\n')
    await exited
  }

  return { exited, stop }
}

/** A shell reports a signal n as 128 + n. */
function describeExit(code: number): string {
  return code > 128 ? `signal ${code - 128}` : `exit code ${code}`
}

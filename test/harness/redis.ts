import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from './wait-for.ts'

const SERVERS = ['valkey-server', 'redis-server']
const found = SERVERS.find((name) => spawnSync(name, ['--version']).status === 0)

/** Whether a Redis or Valkey is on the PATH. No npm package brings one, so that some machines have none. */
export const hasRedis = found !== undefined
if (!hasRedis) {
  console.warn(`SKIPPED: what needs a Redis is not tested here: neither ${SERVERS.join(' nor ')} is on the PATH.`)
}

/** A server of the test's own, behind a way to it that can be cut. */
export type TestRedis = {
  url: string
  /** Breaks what is connected; nobody gets through until `mend`. */
  cut(): void
  mend(): void
  /** Takes what is sent and answers nothing until `mend`. */
  hang(): void
  stop(): Promise<void>
}

export async function startRedis(): Promise<TestRedis> {
  if (found === undefined) throw new Error('there is no Redis here')
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-redis-'))
  const path = join(directory, 'redis.sock')
  const server = spawn(found, ['--port', '0', '--unixsocket', path, '--save', '', '--dir', directory], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => void server.once('exit', () => resolve()))
  await waitFor(
    'Redis never listened',
    () =>
      new Promise<boolean>((resolve) => {
        const probe = connect(path, () => {
          probe.destroy()
          resolve(true)
        }).once('error', () => resolve(false))
      }),
  )
  const way = await openWay(path)
  return {
    ...way,
    stop: async () => {
      way.close()
      server.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A port that leads to a socket, and can be cut. */
export async function openWay(path: string) {
  let state: 'open' | 'cut' | 'hanging' = 'open'
  const sockets = new Set<Socket>()
  const way = createServer((near) => {
    sockets.add(near)
    near.once('close', () => sockets.delete(near)).on('error', () => near.destroy())
    if (state === 'cut') return near.destroy()
    const far = connect(path)
    far.on('error', () => near.destroy()).once('close', () => near.destroy())
    near.once('close', () => far.destroy())
    near.on('data', (bytes) => {
      if (state !== 'hanging') far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (state !== 'hanging') near.write(bytes)
    })
  })
  await new Promise<void>((listening) => way.listen(0, '127.0.0.1', listening))
  return {
    url: `redis://127.0.0.1:${(way.address() as AddressInfo).port}`,
    cut: () => {
      state = 'cut'
      for (const socket of sockets) socket.destroy()
    },
    hang: () => {
      state = 'hanging'
    },
    mend: () => {
      // Bytes that were swallowed would leave both sides out of step.
      if (state === 'hanging') for (const socket of sockets) socket.destroy()
      state = 'open'
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      way.close()
    },
  }
}

import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ReadPages } from './pdf-child.ts'

/** What reading one file may cost. */
export type ReadLimits = { withinSeconds: number; memoryMegabytes: number }
const LIMITS: ReadLimits = { withinSeconds: 20, memoryMegabytes: 512 }
/** Processes that read at the same time; more wait. */
const READERS_MAX = 2
const LOOK_EVERY_MS = 50
const PAGE_BYTES = 4_096

const CHILD = fileURLToPath(new URL('./pdf-child.ts', import.meta.url))

let reading = 0
const waiting: (() => void)[] = []

/**
 * The text of a PDF, page by page, read in a process of its own that is killed when it takes too long or too much memory. Memory is
 * looked at where the system tells it (Linux); elsewhere time alone bounds it. Rejects with the reason of `signal`.
 */
export async function readPdf(bytes: Buffer, signal: AbortSignal, limits = LIMITS): Promise<ReadPages> {
  signal.throwIfAborted()
  // Whoever ends gives its place to the next by hand: nobody who comes in that moment takes it.
  if (reading >= READERS_MAX) await new Promise<void>((free) => waiting.push(free))
  else reading += 1
  try {
    signal.throwIfAborted()
    return await readInChild(bytes, signal, limits)
  } finally {
    const next = waiting.shift()
    if (next) next()
    else reading -= 1
  }
}

async function readInChild(
  bytes: Buffer,
  signal: AbortSignal,
  { withinSeconds, memoryMegabytes }: ReadLimits,
): Promise<ReadPages> {
  const child = spawn(process.execPath, [CHILD], {
    ...{ stdio: ['pipe', 'pipe', 'ignore'], env: { TZ: 'UTC' }, killSignal: 'SIGKILL' },
    timeout: withinSeconds * 1_000,
  })
  let isTooLarge = false
  const look = setInterval(async () => {
    const statm = await readFile(`/proc/${child.pid}/statm`, 'utf8').catch(() => '')
    const resident = Number(statm.split(' ')[1] ?? 0) * PAGE_BYTES
    if (resident > memoryMegabytes * 1_048_576) {
      isTooLarge = true
      child.kill('SIGKILL')
    }
  }, LOOK_EVERY_MS)
  const leave = () => child.kill('SIGKILL')
  signal.addEventListener('abort', leave, { once: true })
  try {
    const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (_code, by) => resolve(by))
    })
    // A child that dies early does not take the rest; how it ended says so.
    child.stdin?.on('error', () => {})
    child.stdin?.end(bytes)
    const [answer, killed] = await Promise.all([child.stdout ? text(child.stdout) : '', ended])
    signal.throwIfAborted()
    if (isTooLarge) return { unreadable: `reading it takes more than ${memoryMegabytes} MB of memory` }
    if (killed !== null) return { unreadable: `reading it takes more than ${withinSeconds} seconds` }
    if (answer === '') return { unreadable: 'it ends the program that reads it' }
    return JSON.parse(answer) as ReadPages
  } finally {
    clearInterval(look)
    signal.removeEventListener('abort', leave)
  }
}

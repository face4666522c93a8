import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

describe('the mock provider as a process', () => {
  let child: ChildProcess | undefined

  const run = (environment: Record<string, string>) => {
    child = spawn(process.execPath, [main], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { stdout, stderr } = child
    if (!stdout || !stderr) throw new Error('The process has no output to read.')
    return { process: child, stdout, stderr, exit: once(child, 'exit') }
  }
  const listening = async (stdout: NodeJS.ReadableStream) => {
    const [chunk] = await once(stdout, 'data')
    const line = String(chunk)
    const url = /http:\/\/[\d.:]+/.exec(line)?.[0]
    if (url === undefined) throw new Error(`No address in: ${line}`)
    return { line, url }
  }

  afterEach(() => {
    child?.kill('SIGKILL')
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it listens, serves, and exits 0 on %s with a call hanging',
    async (signal) => {
      const { process, stdout, exit } = run({ MOCK_PROVIDER_PORT: '0', MOCK_PROVIDER_NOTIFY: 'hanging' })
      const { line, url } = await listening(stdout)
      expect(line).toBe(
        `The mock provider listens on ${url} (data specification: 10000 tickets, 500 deleted, 1000 modified).\n`,
      )
      const body = JSON.stringify({ ticket_id: 'ext-1', tenant_id: 'a', urgency: 'high', reason: 'x' })
      const headers = { 'content-type': 'application/json' }
      const hanging = fetch(`${url}/notify`, { method: 'POST', headers, body }).catch(() => 'cut off')
      const arrived = async () =>
        ((await (await fetch(`${url}/_control/notifications`)).json()) as unknown[]).length > 0
      await expect.poll(arrived, { message: 'the notification never arrived' }).toBe(true)
      process.kill(signal)
      expect(await exit).toEqual([0, null])
      expect(await hanging).toBe('cut off')
    },
  )

  it('exits 2 with a sentence when a variable is wrong', async () => {
    const { stderr, exit } = run({ MOCK_PROVIDER_RATE_LIMIT: 'fast' })
    const complaint = await text(stderr)
    expect(complaint).toBe(
      'MOCK_PROVIDER_RATE_LIMIT must be a whole number from 0 to 1000000, e.g. MOCK_PROVIDER_RATE_LIMIT=60.\n',
    )
    expect(await exit).toEqual([2, null])
  })

  it('exits 1 with a sentence when the port is taken', async () => {
    const first = run({ MOCK_PROVIDER_PORT: '0', MOCK_PROVIDER_TICKETS: '0' })
    const { url } = await listening(first.stdout)
    const second = run({ MOCK_PROVIDER_PORT: new URL(url).port, MOCK_PROVIDER_TICKETS: '0' })
    expect(await text(second.stderr)).toContain('cannot start')
    expect(await second.exit).toEqual([1, null])
    first.process.kill('SIGTERM')
    expect(await first.exit).toEqual([0, null])
  })
})

import { sleep } from '../../src/kernel/abort.ts'

const POLL_MS = 20

/**
 * Polls `probe` until it returns something other than undefined, null or false. Fails with `failure` and the last
 * error when it never does: the bound only ends a test that has failed, it asserts no speed.
 */
export async function waitFor<T>(
  failure: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  withinSeconds = 120,
): Promise<T> {
  const deadline = Date.now() + withinSeconds * 1_000
  let last: unknown
  while (Date.now() < deadline) {
    try {
      const found = await probe()
      if (found !== undefined && found !== null && found !== false) return found
      last = found
    } catch (error) {
      last = error
    }
    await sleep(POLL_MS)
  }
  throw new Error(`${failure} (last seen: ${last instanceof Error ? last.message : JSON.stringify(last)})`)
}

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/platform/database/embedded/index.ts'

/**
 * The PostgreSQL 18 that tests run on: SIGNALBOX_TEST_DATABASE_URL (a superuser's), or an embedded one of this run
 * alone, gone afterwards: without durability and with little memory for tests, `durable` as in production for what is
 * measured.
 */
export async function startTestServer({ durable = false } = {}): Promise<{ url: string; close(): Promise<void> }> {
  const given = process.env.SIGNALBOX_TEST_DATABASE_URL
  if (given) return { url: given, close: async () => {} }
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-test-'))
  chmodSync(directory, 0o755)
  const postgres = await startEmbeddedPostgres({
    dataDir: directory,
    durable,
    settings: { max_connections: '300', ...(durable ? {} : { shared_buffers: '64MB' }) },
  })
  return {
    url: postgres.url,
    close: async () => {
      await postgres.close()
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

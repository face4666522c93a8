/** Owns the data directory given as argument until SIGTERM. Tests kill it in ways that they could not survive themselves. */
import { startEmbeddedPostgres } from './index.ts'

const [dataDir = ''] = process.argv.slice(2)
// Ctrl-C reaches the whole group; a real owner would begin its ordered stop here.
process.on('SIGINT', () => undefined)
try {
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false })
  process.once('SIGTERM', () => void postgres.close())
  process.stdout.write(`${JSON.stringify({ url: postgres.url, directory: postgres.directory })}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

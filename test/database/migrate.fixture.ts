import { createLogger } from '../../src/kernel/logger.ts'
import { migrationSets, queues } from '../../src/modules.ts'
import { migrate } from '../../src/platform/database/index.ts'
import { installQueue } from '../../src/platform/queue/index.ts'

/** A process that migrates the database given as its argument, as a start of the system does, and logs what it applied. */
const url = process.argv[2] ?? ''
await migrate({
  url,
  sets: migrationSets,
  logger: createLogger({ level: 'info' }),
  afterwards: () => installQueue(url, queues),
})

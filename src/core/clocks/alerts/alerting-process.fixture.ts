import { createLogger } from '../../../kernel/logger.ts'
import { openDatabase, openListener } from '../../../platform/database/index.ts'
import { CLOCK_TARGETS } from '../clock/terms.ts'
import { clockKind } from '../subjects/clock-kind.fixture.ts'
import { subjectKinds } from '../subjects/subject-kind.ts'
import { startAlerts } from './alert-scheduler.ts'
import { tellDue } from './tell-due.ts'

/** A process that tells of things whose targets are an hour, of low ones ten weeks, until it is killed. */
const [url = '', targets = 'resolution'] = process.argv.slice(2)
const logger = createLogger({ level: 'warn' })
const database = openDatabase({ url, max: 4, logger })
const listener = await openListener({ url, logger })
const kinds = subjectKinds()
const minutes = { high: 60, low: 100_800 }
kinds.declare({
  ...clockKind([{ fromMs: 0, minutes }]),
  targets: CLOCK_TARGETS.filter((target) => targets.includes(target)),
})
await startAlerts({
  ...{ database, listener, logger },
  tell: (tenantId) => tellDue({ database, kinds, togetherMax: 100 }, tenantId),
})

import { createLogger } from '../../../kernel/logger.ts'
import { openDatabase, openListener } from '../../../platform/database/index.ts'
import { clockKind } from '../subjects/clock-kind.fixture.ts'
import { subjectKinds } from '../subjects/subject-kind.ts'
import { startAlerts } from './alert-scheduler.ts'
import { tellDue } from './tell-due.ts'

/** A process that tells of things whose targets are an hour, until it is killed. */
const [url = ''] = process.argv.slice(2)
const logger = createLogger({ level: 'warn' })
const database = openDatabase({ url, max: 4, logger })
const listener = await openListener({ url, logger })
const kinds = subjectKinds()
kinds.declare({ ...clockKind([{ fromMs: 0, minutes: { high: 60 } }]), targets: ['resolution'] })
await startAlerts({
  ...{ database, listener, logger },
  tell: (tenantId) => tellDue({ database, kinds, togetherMax: 100 }, tenantId),
})

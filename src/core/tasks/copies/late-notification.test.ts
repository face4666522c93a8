import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { silent } from '../../../../test/harness/database.ts'
import { testTasks } from '../../../../test/harness/tasks.ts'
import { openMemoryStore } from '../../../platform/cache/index.ts'
import { createMetrics } from '../../../platform/telemetry/index.ts'
import { noteProcess } from '../kinds/note.ts'
import { COPIES_KEPT_SECONDS, openTaskCopies } from './task-copies.ts'

const tasks = testTasks()

it('a copy whose notification is late is not shown to who has written the task through the same process', async () => {
  const copies = openTaskCopies({
    ...{ database: tasks.db.database, logger: silent, metrics: createMetrics() },
    store: openMemoryStore({ bytesMax: 1_000_000, keepSeconds: COPIES_KEPT_SECONDS }),
  })
  // Nothing arrives for now.
  const late = {
    listen: async ({ onConnected }: { onConnected: () => void }) => {
      onConnected()
      return { close: async () => {} }
    },
    close: async () => {},
  }
  const { stop } = await copies.start(late)
  onTestFinished(async () => {
    await stop()
    await copies.close()
  })
  const { tenantId, taskId } = await tasks.add('tenant_a', noteProcess, {})
  const find = async () => (await copies.find(tenantId, taskId))?.view.title
  const write = (title: string) =>
    tasks.db.database.withTenant(tenantId, (tx) => sql`update tasks set title = ${title} where true`.execute(tx))
  for (let look = 0; look < 3; look += 1) await find()
  await write('first')
  expect(await find()).toBe(null)
  copies.writing(tenantId, taskId)
  await write('second')
  // Ask the database.
  expect(await find()).toBe(undefined)
})

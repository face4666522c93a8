import { afterAll, beforeAll, inject } from 'vitest'
import { createLogger, type Logger } from '../../src/kernel/logger.ts'
import { type Database, openDatabase } from '../../src/platform/database/index.ts'
import { createDatabase, type TestDatabase } from './server.ts'

export const silent: Logger = createLogger({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })

/** A database of this file's own, with the schema in place; opened before the tests and dropped after them. */
export function testDatabase(options: { max?: number } = {}): { readonly url: string; readonly database: Database } {
  let made: TestDatabase
  let database: Database
  beforeAll(async () => {
    made = await createDatabase(inject('serverUrl'))
    database = openDatabase({ url: made.url, max: options.max ?? 6, logger: silent })
  })
  afterAll(async () => {
    await database?.close()
    await made?.drop()
  })
  return {
    get url() {
      return made.url
    },
    get database() {
      return database
    },
  }
}

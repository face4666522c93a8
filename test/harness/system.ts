import { afterAll, beforeAll, inject, onTestFinished } from 'vitest'
import { parseConfig } from '../../src/kernel/config.ts'
import { type System, startSystem } from '../../src/main.ts'
import { silent } from './database.ts'
import { createDatabase, type TestDatabase } from './server.ts'
import { type Environment, environmentFor, type SystemProcess, startSystemProcess } from './system-process.ts'

export { OPERATOR_TOKEN, type SystemProcess } from './system-process.ts'

/** The whole system in this process, as production starts it, on a database of this test file's own. */
export function testSystem(environment: Environment | (() => Environment) = {}) {
  let made: TestDatabase
  let system: System
  beforeAll(async () => {
    made = await createDatabase(inject('serverUrl'))
    const more = typeof environment === 'function' ? environment() : environment
    system = await startSystem(parseConfig(environmentFor(made.url, more)), silent)
  })
  afterAll(async () => {
    await system?.stop()
    await made?.drop()
  })
  return {
    get url() {
      return system.url
    },
    get databaseUrl() {
      return made.url
    },
    get routes() {
      return system.routes
    },
  }
}

/** Another system in this process, on the same database; stopped after the test. */
export async function startSystemHere(databaseUrl: string, environment: Environment = {}): Promise<System> {
  const system = await startSystem(parseConfig(environmentFor(databaseUrl, environment)), silent)
  onTestFinished(() => system.stop())
  return system
}

const started = new Set<Pick<SystemProcess, 'kill'>>()
afterAll(() => {
  for (const each of started) each.kill('SIGKILL')
})

/**
 * A process of the system of its own, the way `npm start` runs it; killed after the test file if still there. `main`: of
 * another tree than this one.
 */
export const spawnSystem = (
  databaseUrl: string,
  environment: Environment = {},
  main?: string,
): Promise<SystemProcess> => {
  const remember = (spawned: Pick<SystemProcess, 'kill' | 'exited'>) => {
    started.add(spawned)
    void spawned.exited.then(() => started.delete(spawned))
  }
  return startSystemProcess(databaseUrl, environment, remember, main)
}

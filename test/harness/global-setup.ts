import type { TestProject } from 'vitest/node'
import { createTemplate } from './server.ts'
import { startTestServer } from './start-test-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrl: string
  }
}

/** One PostgreSQL and one migrated template for the whole run; each test file clones what it needs. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer()
  try {
    await createTemplate(server.url)
  } catch (error) {
    await server.close()
    throw error
  }
  project.provide('serverUrl', server.url)
  return server.close
}

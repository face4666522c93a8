import { matchesGlob } from 'node:path'

/** Where tests stand that start processes: systems, servers of their own, launchers. `npm test -- quick` runs all others. */
export const WITH_PROCESSES = [
  'test/{journeys,launch}/**/*.test.ts',
  '{src,test,mock-provider,packages}/**/*.process.test.ts',
]

const STARTS_PROCESSES =
  /node:child_process|\b(spawnSystem|startSystemProcess|ingestionScene|sourceSystem|ownPostgres|startTestServer|fakeClone)\b/

/** Whether a test starts processes though it stands among those that do not. */
export const isOutOfPlace = (path: string, text: string): boolean =>
  STARTS_PROCESSES.test(text) && !WITH_PROCESSES.some((pattern) => matchesGlob(path, pattern))

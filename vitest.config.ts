import { defineConfig } from 'vitest/config'
import { keepFilesInMemory } from './test/harness/files-in-memory.ts'
import { WITH_PROCESSES } from './test/harness/with-processes.ts'

keepFilesInMemory()

export default defineConfig({
  test: {
    globalSetup: 'test/harness/global-setup.ts',
    reporters: ['default', './test/harness/closing-lines.ts'],
    pool: 'forks',
    // Twice as many as cores have work for: who waits for a process or a lease needs none.
    maxWorkers: 4,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Ends a test that has failed; a machine with other work may take long. See waitFor in test/harness.
    expect: { poll: { timeout: 120_000 } },
    // A test that has to be run twice to pass is a broken test.
    retry: 0,
    // Files are imported as production imports them, and compiled once for all processes.
    experimental: { viteModuleRunner: false },
    projects: [
      // Vitest begins with what comes first in the alphabet: the longest must not come last.
      { extends: true, test: { name: 'processes', include: WITH_PROCESSES } },
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['{src,test,mock-provider,packages,bench}/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...WITH_PROCESSES],
          // Importing the system for each file again takes longer than most files do. Nothing of ours keeps state in a module.
          isolate: false,
        },
      },
    ],
  },
})

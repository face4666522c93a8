import { defineConfig } from 'vitest/config'
import { keepFilesInMemory } from './test/harness/files-in-memory.ts'

keepFilesInMemory()

export default defineConfig({
  test: {
    include: ['{src,test,mock-provider,bench}/**/*.test.ts'],
    globalSetup: 'test/harness/global-setup.ts',
    reporters: ['default', './test/harness/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Ends a test that has failed; a machine with other work may take long. See waitFor in test/harness.
    expect: { poll: { timeout: 120_000 } },
    // A test that has to be run twice to pass is a broken test.
    retry: 0,
  },
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, it, onTestFinished } from 'vitest'
import { GENERATED_TYPES, generateTypes } from '../generate-types.ts'
import { createDatabase } from '../harness/server.ts'

it('schema.generated.ts says what the migrated database is; `npm run generate:types` writes it anew', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-types-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  // A copy: nobody can be cloned from the template while somebody reads it.
  const database = await createDatabase(inject('serverUrl'))
  onTestFinished(database.drop)
  const generated = await generateTypes(database.url, join(directory, 'schema.ts'))
  expect(await readFile(GENERATED_TYPES, 'utf8')).toBe(generated)
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, it, onTestFinished } from 'vitest'
import { GENERATED_TYPES, generateTypes } from '../generate-types.ts'
import { TEMPLATE, withDatabase } from '../harness/server.ts'

it('schema.generated.ts says what the migrated database is; `npm run generate:types` writes it anew', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-types-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const database = withDatabase(inject('serverUrl'), TEMPLATE)
  const generated = await generateTypes(database, join(directory, 'schema.ts'))
  expect(await readFile(GENERATED_TYPES, 'utf8')).toBe(generated)
})

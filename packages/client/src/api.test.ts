import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { digestsOf } from '../../../test/generate-client.ts'
import { call } from '../../../test/harness/call.ts'
import { testSystem } from '../../../test/harness/system.ts'
import digests from './api-digests.generated.json' with { type: 'json' }

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const types = readFileSync(new URL('./api.generated.ts', import.meta.url), 'utf8')

type Document = { paths: Record<string, Record<string, { operationId: string }>> }

it('the types are those of the document that the system serves; else: npm run generate:client', async () => {
  const { body } = await call<Document>(`${system.url}/openapi.json`)
  const operations = Object.values(body.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  )
  expect(operations.length).toBeGreaterThan(100)
  expect(operations.filter((operation) => !types.includes(`  ${operation}: {\n`))).toEqual([])
  expect(digests).toEqual(digestsOf(body))
})

it('a change of a path or a schema is seen, another order or version is none', () => {
  const document = {
    ...{ openapi: '3.1.0', info: { version: '1' }, paths: { '/a': { get: { operationId: 'a' } } } },
    components: { schemas: { A: { type: 'object' } } },
  }
  const { paths, components, openapi } = document
  expect(digestsOf({ components, paths, info: { version: '2' }, openapi })).toEqual(digestsOf(document))
  const changed = { ...document, components: { schemas: { A: { type: 'string' } } } }
  expect(digestsOf(changed)).toEqual({
    ...digestsOf(document),
    A: expect.not.stringMatching(digestsOf(document).A ?? ''),
  })
})

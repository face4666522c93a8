import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { headFor } from '../../../test/generate-client.ts'
import { call } from '../../../test/harness/call.ts'
import { testSystem } from '../../../test/harness/system.ts'

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
  expect(types.split('\n')[0]).toBe(headFor(body))
})

it('another document, in whatever order it is written, has another first line', () => {
  const document = { openapi: '3.1.0', info: { version: '1' }, paths: { '/a': { get: { operationId: 'a' } } } }
  const { paths, openapi } = document
  expect(headFor({ paths, info: { version: '2' }, openapi })).toBe(headFor(document))
  expect(headFor({ ...document, paths: { '/a': { post: { operationId: 'a' } } } })).not.toBe(headFor(document))
})

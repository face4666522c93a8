import { expect, it } from 'vitest'
import { call } from '../harness/call.ts'
import { testSystem } from '../harness/system.ts'

const system = testSystem()

it('every route stands in the OpenAPI document under the name of its use case', async () => {
  const { body } = await call<{ paths: Record<string, Record<string, { operationId?: string }>> }>(
    `${system.url}/openapi.json`,
  )
  const described = Object.values(body.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  )
  const declared = system.routes.map(({ route }) => route.operationId)
  expect(declared.length).toBeGreaterThan(60)
  expect(described.toSorted()).toEqual(declared.toSorted())
})

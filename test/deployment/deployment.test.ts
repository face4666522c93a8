import { describe, expect, it } from 'vitest'
import { startMockProvider } from '../../mock-provider/index.ts'
import { operationsRoutes } from '../../src/operations.ts'
import { parseDeployment, readDeployment } from './files.ts'
import { deploymentRules } from './rules.ts'

const texts = readDeployment()
const unused = undefined as never
const rules = deploymentRules({
  system: operationsRoutes({
    ...{ healthDatabase: unused, logger: unused, metrics: unused },
    ...{ checks: [], isDraining: () => false },
  }),
  provider: ['/health'],
})

describe('the deployment files', () => {
  it.each(rules)('$rule', ({ violations }) => {
    expect(violations(parseDeployment(texts))).toEqual([])
  })

  it('ask the mock provider for a health check that it answers', async () => {
    const provider = await startMockProvider({ port: 0, tickets: 1 })
    try {
      expect((await fetch(`${provider.url}/health`)).status).toBe(200)
    } finally {
      await provider.close()
    }
  })
})

describe('the check', () => {
  it.each(rules)('bites: $rule', ({ violations, planted }) => {
    const before = texts[planted.in]
    expect(before).toContain(planted.replace)
    const changed = { ...texts, [planted.in]: before.replace(planted.replace, planted.by) }
    expect(violations(parseDeployment(changed))).not.toEqual([])
  })

  it('bites: the compose file is YAML', () => {
    expect(() => parseDeployment({ ...texts, compose: `${texts.compose}\n  : [` })).toThrow()
  })
})

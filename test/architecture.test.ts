import { describe, expect, it } from 'vitest'
import { HOUSE_RULES, type House, modulesOf } from './architecture/rules.ts'
import { readPaths, readSource, readSources } from './architecture/sources.ts'

const paths = readPaths()
const house: House = { paths, sources: readSources(paths) }

describe('the house', () => {
  it.each(HOUSE_RULES)('$rule', ({ violations }) => {
    expect(violations(house)).toEqual([])
  })

  it('is read from disk, with the modules that stand there', () => {
    expect(modulesOf(house)).toEqual(
      expect.arrayContaining([
        'mock-provider',
        'src/core/tasks',
        'src/core/tenancy',
        'src/desks/support/tickets',
        'src/platform/database',
        'src/platform/database/embedded',
      ]),
    )
    expect(house.sources.find(({ path }) => path === 'src/main.ts')?.imports).toContain('src/core/tenancy/index.ts')
  })
})

const PLANTED = HOUSE_RULES.flatMap(({ rule, violations, planted }) =>
  planted.map((file) => ({ rule, violations, file, name: file.path })),
)

describe('the check', () => {
  it.each(PLANTED)('bites at $name: $rule', ({ violations, file }) => {
    const before = new Set(violations(house))
    const changed: House = {
      paths: [...house.paths, file.path],
      sources: [...house.sources, readSource(file.path, file.text)],
    }
    expect(violations(changed).filter((violation) => !before.has(violation))).not.toEqual([])
  })

  it('takes neither comments nor texts for imports', () => {
    const text = `// import '../../core/tasks/store.ts'\nexport const text = "import('../../core/tasks/store.ts')"`
    expect(readSource('src/platform/queue/planted.ts', text).imports).toEqual([])
  })
})

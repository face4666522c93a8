import { posix } from 'node:path'
import type { Source } from './sources.ts'

export type House = { paths: string[]; sources: Source[] }

/** `planted`: files that break the rule, each on its own. */
export type HouseRule = {
  rule: string
  violations: (house: House) => string[]
  planted: readonly { path: string; text: string }[]
}

/** Imports point from a later layer to an earlier one, or stay in theirs. */
const LAYERS = ['kernel', 'platform', 'core', 'desks', 'assistant', 'main', 'bin'] as const
type Layer = (typeof LAYERS)[number]

/** Modules inside another one that have a door of their own. */
const NESTED_MODULES = ['src/platform/database/embedded']

const FORBIDDEN_NAMES = /^(utils?|helpers?|services?|common|types?|misc)$/
const LINES_MAX = 300

const DEMO = 'src/demo.ts'
const MOCK_PROVIDER_DOOR = 'mock-provider/index.ts'

const isTest = (path: string) => path.startsWith('test/') || /\.(test|fixture)\.tsx?$/.test(path)
/** Benchmarks start systems as tests do. */
const isBenchmark = (path: string) => path.startsWith('bench/')
const isProduct = ({ path }: Source) => !isTest(path)

function layerOf(path: string): Layer | undefined {
  if (path.startsWith('bin/')) return 'bin'
  const [root, folder, ...below] = path.split('/')
  if (root !== 'src' || folder === undefined) return undefined
  // Files directly under src compose the system.
  if (below.length === 0) return 'main'
  return LAYERS.find((layer) => layer === folder)
}

/** The folder that is the module of a file; undefined where there are no doors: kernel, main, bin. */
export function moduleOf(path: string): string | undefined {
  const nested = NESTED_MODULES.find((folder) => path.startsWith(`${folder}/`))
  if (nested !== undefined) return nested
  const [root, layer, ...below] = path.split('/')
  if (root === 'mock-provider') return root
  const depth = { platform: 1, core: 1, desks: 2, assistant: 0 }[layer ?? '']
  if (root !== 'src' || depth === undefined || below.length <= depth) return undefined
  return posix.join(root, layer ?? '', ...below.slice(0, depth))
}

/** Every module on disk. */
export function modulesOf({ paths }: House): string[] {
  return [...new Set(paths.flatMap((path) => moduleOf(path) ?? []))].sort()
}

const arrows = (house: House, isWrong: (from: string, to: string) => boolean) =>
  house.sources
    .filter(isProduct)
    .flatMap(({ path, imports }) => imports.filter((to) => isWrong(path, to)).map((to) => `${path} → ${to}`))

export const HOUSE_RULES: readonly HouseRule[] = [
  {
    rule: `imports point one way: ${LAYERS.join(' ← ')}`,
    violations: (house) =>
      arrows(house, (from, to) => {
        const [here, there] = [layerOf(from), layerOf(to)]
        return here !== undefined && there !== undefined && LAYERS.indexOf(there) > LAYERS.indexOf(here)
      }),
    planted: [
      { path: 'src/kernel/planted.ts', text: `import { openDatabase } from '../platform/database/index.ts'` },
      { path: 'src/platform/queue/planted.ts', text: `import type { Task } from '../../core/tasks/index.ts'` },
      { path: 'src/core/tasks/planted.ts', text: `export * from '../../desks/support/tickets/index.ts'` },
      { path: 'src/desks/support/tickets/planted.ts', text: `await import('../../../main.ts')` },
      { path: 'src/main-planted.ts', text: `type Launch = import('../bin/launch.ts').Launch` },
    ],
  },
  {
    rule: 'a module is entered only through its index.ts',
    violations: (house) =>
      arrows(house, (from, to) => {
        const [here, there] = [moduleOf(from), moduleOf(to)]
        // A nested module stands inside its parent and may use what stands around it.
        const isAtHome = here !== undefined && there !== undefined && `${here}/`.startsWith(`${there}/`)
        return there !== undefined && !isAtHome && to !== `${there}/index.ts`
      }),
    planted: [
      { path: 'src/planted.ts', text: `import { claimTask } from './core/tasks/store.ts'` },
      { path: 'src/core/audit/planted.ts', text: `import { findTask } from '../tasks/store.ts'` },
      { path: 'src/desks/support/ingestion/planted.ts', text: `export { listTickets } from '../tickets/store.ts'` },
      { path: 'src/platform/http/planted.ts', text: `import { openPool } from '../database/connect.ts'` },
      { path: 'src/platform/database/planted.ts', text: `import { findPlace } from './embedded/place.ts'` },
      { path: 'src/platform/database/planted.ts', text: `import './embedded/nowhere/index.ts'` },
      { path: 'src/demo.ts', text: `import { startServer } from '../mock-provider/server.ts'` },
    ],
  },
  {
    rule: 'modules do not import each other in a circle',
    violations: (house) => findCircles(house, moduleOf),
    planted: [{ path: 'src/core/audit/planted.ts', text: `import type { TenantRole } from '../tenancy/index.ts'` }],
  },
  {
    rule: 'files do not import each other in a circle',
    violations: (house) => findCircles(house, (path) => path),
    planted: [
      { path: 'src/kernel/planted.ts', text: `import type { Planted } from './planted.ts'` },
      { path: 'src/core/tasks/status.ts', text: `import type { Task } from './store/task.ts'` },
    ],
  },
  {
    rule: 'every import of the product names its file',
    violations: (house) => arrows(house, (from, to) => !isBenchmark(from) && to.endsWith('(computed)')),
    planted: [{ path: 'src/core/tasks/planted.ts', text: `const load = (name: string) => import(name)` }],
  },
  {
    rule: 'the mock provider, the client and the console know the API, not the source',
    violations: (house) =>
      arrows(house, (from, to) => /^(mock-provider|packages|console)\//.test(from) && /^(src|bin)\//.test(to)),
    planted: [
      { path: 'mock-provider/planted.ts', text: `import { sleep } from '../src/kernel/abort.ts'` },
      { path: 'packages/client/src/planted.ts', text: `import { sleep } from '../../../src/kernel/abort.ts'` },
    ],
  },
  {
    rule: `the source uses nothing outside itself; only ${DEMO} knows the mock provider`,
    violations: (house) =>
      arrows(house, (from, to) => {
        if (!from.startsWith('src/') || to.startsWith('src/') || to === 'package.json') return false
        return !(from === DEMO && to === MOCK_PROVIDER_DOOR)
      }),
    planted: [
      { path: 'src/main-planted.ts', text: `import { startMockProvider } from '../mock-provider/index.ts'` },
      { path: 'src/core/tasks/planted.ts', text: `import { run } from '../../../bench/run.ts'` },
    ],
  },
  {
    rule: 'nothing but tests and benchmarks imports tests',
    violations: (house) => arrows(house, (from, to) => !isBenchmark(from) && isTest(to)),
    planted: [
      { path: 'src/core/tasks/planted.ts', text: `import { waitFor } from '../../../test/harness/wait-for.ts'` },
      { path: 'mock-provider/planted.ts', text: `import './planted.fixture.ts'` },
    ],
  },
  {
    rule: 'no file or folder has a name that says nothing',
    violations: ({ paths }) =>
      paths.filter((path) => FORBIDDEN_NAMES.test(posix.basename(path).replace(/\..*$/, '').toLowerCase())),
    planted: [
      { path: 'src/kernel/utils.ts', text: '' },
      { path: 'src/core/tasks/helpers', text: '' },
      { path: 'test/harness/types.test.ts', text: '' },
    ],
  },
  {
    rule: `no hand-written file has more than ${LINES_MAX} lines`,
    violations: ({ sources }) =>
      sources
        .filter((source) => isProduct(source) && source.lines > LINES_MAX)
        .map(({ path, lines }) => `${path}: ${lines}`),
    planted: [{ path: 'src/core/tasks/planted.ts', text: '//\n'.repeat(LINES_MAX + 1) }],
  },
  {
    rule: 'every module says in a README.md what it is for',
    violations: (house) => modulesOf(house).filter((module) => !house.paths.includes(`${module}/README.md`)),
    planted: [{ path: 'src/core/planted/index.ts', text: '' }],
  },
]

/** Each place that can be reached from itself, with the way: places are modules, or files. */
function findCircles({ sources }: House, placeOf: (path: string) => string | undefined): string[] {
  const uses = new Map<string, Set<string>>()
  for (const { path, imports } of sources.filter(isProduct)) {
    const here = placeOf(path)
    for (const target of imports) {
      const there = placeOf(target)
      // Files of one module are not a circle of modules; a file that imports itself is one.
      if (here === undefined || there === undefined || (here === there && path !== target)) continue
      uses.set(here, (uses.get(here) ?? new Set()).add(there))
    }
  }
  const wayBack = (start: string, at: string, seen: Set<string>): string[] | undefined => {
    for (const next of uses.get(at) ?? []) {
      if (next === start) return [at, next]
      if (seen.has(next)) continue
      const rest = wayBack(start, next, seen.add(next))
      if (rest) return [at, ...rest]
    }
    return undefined
  }
  return [...uses.keys()].flatMap((place) => wayBack(place, place, new Set())?.join(' → ') ?? [])
}

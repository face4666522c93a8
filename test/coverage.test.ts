import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { API_PREFIX } from '../src/platform/http/index.ts'
import { type Citation, readPage, withoutCitation } from './coverage/citations.ts'
import { testSystem } from './harness/system.ts'

const ROOT = new URL('../', import.meta.url)
const PAGES = [
  'docs/security.md',
  'docs/tasks.md',
  ...readdirSync(new URL('docs/coverage/', ROOT))
    .filter((name) => name !== 'README.md')
    .map((name) => `docs/coverage/${name}`),
]
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8')

const system = testSystem()
const isRoute = (text: string) =>
  system.routes.some(({ url, route }) => text === `${route.method} ${url.replace(API_PREFIX, '')}`)

/** What is wrong with a citation; undefined when it names something that is there. */
function complaint(citation: Citation): string | undefined {
  switch (citation.kind) {
    case 'route':
      return isRoute(citation.text) ? undefined : `${citation.text} is not a route`
    case 'command': {
      const [, script = '', , name] = /^npm run ([\w:-]+)( -- ([\w-]+))?$/.exec(citation.text) ?? []
      if (!(script in packageJson.scripts)) return `${citation.text} is not a command`
      const files = { bench: `bench/${name}.bench.ts`, eval: `eval/${name}.ts` }[script]
      return name === undefined || files === undefined || existsSync(new URL(files, ROOT))
        ? undefined
        : `${files} is not there`
    }
    case 'test': {
      const { path, name } = citation
      if (!existsSync(new URL(path, ROOT))) return `${path} is not there`
      return name === undefined || read(path).includes(name) ? undefined : `${path} has no test “${name}”`
    }
    case 'path':
      return existsSync(fileURLToPath(new URL(citation.text, ROOT))) ? undefined : `${citation.text} is not there`
  }
}

describe.each(PAGES)('%s', (path) => {
  const page = readPage(read(path))

  it('names only what is there', () => {
    expect(page.citations.flatMap((citation) => complaint(citation) ?? [])).toEqual([])
  })

  it('answers every requirement with a route, a test, a command or a page', () => {
    expect(page.rows.length).toBeGreaterThan(3)
    expect(page.rows.filter(withoutCitation)).toEqual([])
  })
})

describe('the check', () => {
  it.each([
    'GET /nowhere',
    'npm run nothing',
    'npm run bench -- nothing',
    'src/core/tasks/nothing.test.ts',
    'src/core/tasks/tasks.test.ts: does what nobody wrote',
    'docs/nothing.md',
  ])('bites at `%s`', (planted) => {
    const { citations } = readPage(`| requirement | \`${planted}\` |`)
    expect(citations.map(complaint)).toEqual([expect.any(String)])
  })

  it('bites at a row that names nothing', () => {
    const { rows } = readPage('| head | answer |\n| --- | --- |\n| requirement | a `word` |')
    expect(rows.filter(withoutCitation)).toEqual(['| requirement | a `word` |'])
  })
})

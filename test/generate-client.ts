import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CLIENT_TYPES = fileURLToPath(new URL('../packages/client/src/api.generated.ts', import.meta.url))

const CLIENT_DIGESTS = fileURLToPath(new URL('../packages/client/src/api-digests.generated.json', import.meta.url))

/** They want TypeScript 5, which stands beside ours for this command alone. */
const GENERATOR = ['--package=openapi-typescript@7.13.0', '--package=typescript@5.9.3']

type Document = { paths?: object; components?: { schemas?: object }; [more: string]: unknown }

/** In one order, whatever the order of the modules, without what says nothing about types: the version and the server. */
export function normalise(document: Document): Document {
  const { info: _info, servers: _servers, ...rest } = document
  return sorted(rest) as Document
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

/**
 * Of which document types were made: a digest for each path and each schema, so that two changes of different routes merge
 * by themselves, and a test can name the one that is missing.
 */
export function digestsOf(document: Document): Record<string, string> {
  const { paths = {}, components, ...rest } = normalise(document)
  const parts = { ...paths, ...components?.schemas, rest }
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, digest(JSON.stringify(part))]))
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** Writes the types of an OpenAPI document to `outFile`. Asks the npm registry for the generator, the first time. */
async function generateClient(document: Document, outFile: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-client-'))
  try {
    const [input, output] = [join(directory, 'openapi.json'), join(directory, 'api.ts')]
    await writeFile(input, JSON.stringify(normalise(document)))
    const generate = ['openapi-typescript', input, '--output', output, '--empty-objects-unknown']
    await promisify(execFile)('npm', ['exec', '--yes', ...GENERATOR, '--', ...generate], { cwd: directory })
    await writeFile(outFile, `// Made by \`npm run generate:client\`.\n${tidy(await readFile(output, 'utf8'))}`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Without the methods that a path does not have, and indented as everything else: a third smaller. */
const tidy = (types: string): string =>
  types
    .replace(/^ +(get|put|post|delete|options|head|patch|trace)\?: never;\n/gm, '')
    .replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))

if (import.meta.main) {
  const { startTestServer } = await import('./harness/start-test-server.ts')
  const { createDatabase, createTemplate } = await import('./harness/server.ts')
  const { environmentFor } = await import('./harness/system-process.ts')
  const { parseConfig } = await import('../src/kernel/config.ts')
  const { startSystem } = await import('../src/main.ts')
  const { silent } = await import('./harness/database.ts')
  const server = await startTestServer()
  try {
    await createTemplate(server.url)
    const { url } = await createDatabase(server.url)
    const system = await startSystem(parseConfig(environmentFor(url, {})), silent)
    const answer = await fetch(`${system.url}/openapi.json`)
    const document = (await answer.json()) as Document
    await generateClient(document, CLIENT_TYPES)
    await writeFile(CLIENT_DIGESTS, `${JSON.stringify(digestsOf(document), null, 2)}\n`)
    await system.stop()
    console.log('Wrote packages/client/src/api.generated.ts')
  } finally {
    await server.close()
  }
}

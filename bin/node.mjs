import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { run } from './run.mjs'

/** The Node.js that npm installed for us, else our own when it is new enough (an image without optional packages). */
export function findNode(root) {
  const installed = join(root, 'node_modules', 'node', 'bin', 'node')
  if (existsSync(installed)) return installed
  return Number.parseInt(process.versions.node, 10) >= 24 ? process.execPath : undefined
}

/**
 * Where Node.js keeps what it has compiled, which takes half of a start. It keeps each of its versions apart, and takes
 * nothing for a file that has changed; installing packages empties it.
 */
export const compiledIn = (root) => join(root, '.signalbox', 'compiled')

/** Runs a program under Node.js 24, which is also what `node` means to everything that the program starts. */
export function runNode(root, programArguments) {
  const node = findNode(root)
  const PATH = [dirname(node), process.env.PATH].join(delimiter)
  // A file that a user names is one of theirs, wherever the program works.
  const env = { NODE_COMPILE_CACHE: compiledIn(root), ...process.env, PATH, SIGNALBOX_CWD: process.cwd() }
  return run(node, programArguments, { cwd: root, env, stdio: 'inherit' })
}

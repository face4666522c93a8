#!/usr/bin/env node
// The commands of package.json. Plain JavaScript for any Node.js from 20 on; what runs behind it needs 24.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from './commands.mjs'
import { ensureInstalled } from './install.mjs'
import { runNode } from './node.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const words = process.argv.slice(2)
const name = [2, 1].map((count) => words.slice(0, count).join(' ')).find((known) => Object.hasOwn(COMMANDS, known))
try {
  const [first, ...others] = COMMANDS[name] ?? []
  if (!first) throw new Error(`Say what to do: node bin/signalbox.mjs ${Object.keys(COMMANDS).join(' | ')}`)
  await ensureInstalled(root)
  const further = words.slice(name.split(' ').length)
  for (const program of [[...first, ...further], ...others]) {
    const { code, stopped } = await runNode(root, program)
    process.exitCode ||= code
    if (stopped) break
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

#!/usr/bin/env node
// The commands of package.json. Plain JavaScript for any Node.js from 20 on; what runs behind it needs 24.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from './commands.mjs'
import { ensureInstalled } from './install.mjs'
import { runNode } from './node.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [name = '', ...further] = process.argv.slice(2)
try {
  const [first, ...others] = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : []
  if (!first) throw new Error(`Say what to do: node bin/signalbox.mjs ${Object.keys(COMMANDS).join(' | ')}`)
  await ensureInstalled(root)
  for (const program of [[...first, ...further], ...others]) {
    const { code, stopped } = await runNode(root, program)
    process.exitCode ||= code
    if (stopped) break
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

#!/usr/bin/env node
import process from 'node:process'
import { EXIT, endWith } from './exit.ts'
import { commandLine } from './program.ts'
import { openScreen } from './screen.ts'

const screen = openScreen()
const words = process.argv.slice(2)
process.once('SIGINT', () => {
  screen.clear()
  process.exit(EXIT.interrupted)
})
// `signalbox tasks list | head` closes the pipe: nobody reads the rest.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})
try {
  const code = await commandLine(screen, words)
  process.exitCode = code
} catch (error) {
  process.exitCode = endWith(error, screen, words.includes('--json'))
}

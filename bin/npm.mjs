import process from 'node:process'
import { run } from './run.mjs'

/** Runs `npm ci`, which follows package-lock.json and never changes it, whatever Node.js npm itself runs under. */
export async function installPackages(root) {
  console.error('Installing the packages that package-lock.json names (npm ci); this takes a moment, once.')
  const began = Date.now()
  const cli = process.env.npm_execpath ?? ''
  const [npm, ...script] = /npm-cli\.c?js$/.test(cli) ? [process.execPath, cli] : ['npm']
  // NODE_ENV=production or a user's own settings would leave out what the commands need.
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await run(npm, [...script, 'ci', ...options], { cwd: root })
  if (code !== 0) throw notInstalled('The packages', output)
  console.error(`Installed in ${((Date.now() - began) / 1_000).toFixed(1)} s.`)
}

/** The first words of what failed, which name the reason, and what to do. */
export function notInstalled(what, output) {
  const lines = output.trimEnd().split('\n').slice(0, 8)
  const advice = 'Check that the npm registry can be reached (npm ping), then run the same command again.'
  return new Error([...lines, `${what} could not be installed. ${advice}`].join('\n'))
}

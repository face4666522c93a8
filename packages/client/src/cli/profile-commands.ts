import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { createClient } from '../client.ts'
import { type ConnectionOptions, checkedUrl, connecting, DEFAULT_URL } from './connection.ts'
import { UsageError } from './exit.ts'
import { profilesFile, readProfiles, writeProfiles } from './profiles.ts'
import { type Screen, table } from './screen.ts'

/** `login`: checks a key and keeps it. */
export const loginCommand = (screen: Screen): Command =>
  connecting(new Command('login'))
    .summary('keep an address and a key for the commands that follow')
    .description(
      'Check a key (an API key, a session or the operator’s token) and keep it in a file that only you can read.',
    )
    .addHelpText(
      'after',
      `
The key is read from SIGNALBOX_KEY, from standard input, or asked for. Not from the command line, where others could read it.

Examples:
  $ signalbox login
  $ signalbox login --profile staging --url https://signalbox.example --tenant tenant_a < key.txt`,
    )
    .action(async (options: ConnectionOptions) => {
      const url = checkedUrl(options.url ?? process.env.SIGNALBOX_URL ?? DEFAULT_URL)
      const key = (process.env.SIGNALBOX_KEY ?? (await readKey(url))).trim()
      if (key === '') throw new UsageError('There was no key. Paste one, or pipe it: signalbox login < key.txt')
      const who = await createClient({ url, key }).get('/api/v1/auth/session')
      const [first, ...others] = who.tenants
      const tenant = options.tenant ?? (others.length === 0 ? first?.tenant_id : undefined)
      const name = options.profile ?? process.env.SIGNALBOX_PROFILE ?? 'default'
      const kept = readProfiles()
      writeProfiles({ current: name, profiles: { ...kept.profiles, [name]: { url, key, tenant } } })
      const tenants = who.tenants.map(({ tenant_id }) => tenant_id)
      if (options.json)
        return screen.say(JSON.stringify({ profile: name, url, kind: who.kind, tenants, tenant: tenant ?? null }))
      screen.say(
        `Signed in to ${url} as ${who.person?.email ?? `the ${who.kind}`}; profile ${name}, in ${profilesFile()}.`,
      )
      if (tenant === undefined)
        screen.say(`Name the tenant with --tenant${tenants.length > 0 ? `: ${tenants.join(', ')}` : ''}.`)
    })

/** `profiles`: those that there are, which one is in use, and how to be rid of one. */
export function profilesCommand(screen: Screen): Command {
  const profiles = new Command('profiles').summary('list, choose or remove what login has kept')
  profiles
    .command('list', { isDefault: true })
    .summary('list them; the one in use is marked')
    .option('--json', 'answer in JSON, for programs')
    .action((options: { json?: boolean }) => {
      const { current, profiles: kept } = readProfiles()
      const rows = Object.entries(kept).map(([name, { url, tenant }]) => ({
        ...{ profile: name, url, tenant: tenant ?? null, is_current: name === current },
      }))
      if (options.json) return screen.say(JSON.stringify({ profiles: rows }))
      if (rows.length === 0) return screen.say('There are no profiles yet. Make one: signalbox login')
      const columns = [
        { head: '', of: (row: (typeof rows)[number]) => (row.is_current ? '*' : '') },
        { head: 'PROFILE', of: (row: (typeof rows)[number]) => row.profile },
        { head: 'TENANT', of: (row: (typeof rows)[number]) => row.tenant ?? '-' },
        { head: 'URL', of: (row: (typeof rows)[number]) => row.url },
      ]
      screen.say(table(rows, columns, screen))
    })
  profiles
    .command('use <name>')
    .summary('use this one from now on')
    .action((name: string) => {
      const kept = insistOn(name)
      writeProfiles({ ...kept, current: name })
      screen.say(`Using ${name}.`)
    })
  profiles
    .command('remove <name>')
    .summary('forget this one and its key')
    .action((name: string) => {
      const { current, profiles: kept } = insistOn(name)
      const { [name]: _removed, ...rest } = kept
      writeProfiles({ current: current === name ? undefined : current, profiles: rest })
      screen.say(`Removed ${name}. Its key still works elsewhere: revoke it where it was made.`)
    })
  return profiles
}

function insistOn(name: string) {
  const kept = readProfiles()
  if (Object.hasOwn(kept.profiles, name)) return kept
  throw new UsageError(`There is no profile ${name}. These are there: signalbox profiles`)
}

/** What is typed is not shown. */
async function readKey(url: string): Promise<string> {
  if (!process.stdin.isTTY) return text(process.stdin)
  process.stderr.write(`Key for ${url} (not shown): `)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await prompt.question('')
  } finally {
    prompt.close()
    process.stderr.write('\n')
  }
}

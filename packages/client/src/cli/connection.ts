import process from 'node:process'
import type { Command } from 'commander'
import { type Client, createClient } from '../client.ts'
import { UsageError } from './exit.ts'
import { readProfiles } from './profiles.ts'
import type { Screen } from './screen.ts'

export const DEFAULT_URL = 'http://127.0.0.1:8080'

export type ConnectionOptions = { url?: string; tenant?: string; profile?: string; json?: boolean }

/** What every command that asks the API takes. A key is not among it: others on the machine could read it. */
export const connecting = (command: Command): Command =>
  command
    .option('--url <url>', `where the system serves (else SIGNALBOX_URL, the profile, ${DEFAULT_URL})`)
    .option('--tenant <id>', 'whose tasks (else SIGNALBOX_TENANT, the profile, the only one that the key may see)')
    .option('--profile <name>', 'which profile (else SIGNALBOX_PROFILE, the one in use)')
    .option('--json', 'answer in JSON, for programs')

export type Connection = { client: Client; tenant: () => Promise<string> }

/** Options go before the environment, which goes before the profile. */
export function connect(options: ConnectionOptions, screen: Screen, environment = process.env): Connection {
  const { current, profiles } = readProfiles()
  const name = options.profile ?? environment.SIGNALBOX_PROFILE ?? current
  const profile = name === undefined ? undefined : profiles[name]
  if (name !== undefined && profile === undefined && name !== current)
    throw new UsageError(`There is no profile ${name}. Make it: signalbox login --profile ${name}`)
  const url = checkedUrl(options.url ?? environment.SIGNALBOX_URL ?? profile?.url ?? DEFAULT_URL)
  const key = keyFor(url, profile, environment)
  const client = createClient({
    ...{ url, key },
    onRetry: ({ waitSeconds, because }) => {
      const why = because instanceof Response ? `it answered ${because.status}` : 'it cannot be reached'
      if (screen.isLive) screen.draw(`${new URL(url).host}: ${why}; trying again in ${waitSeconds.toFixed(1)} s`)
    },
  })
  const named = options.tenant ?? environment.SIGNALBOX_TENANT ?? profile?.tenant
  return { client, tenant: async () => named ?? onlyTenant(client) }
}

/** The key of a profile is for the address of that profile: another one is not given it. */
function keyFor(
  url: string,
  profile: { url: string; key: string } | undefined,
  environment: NodeJS.ProcessEnv,
): string {
  if (environment.SIGNALBOX_KEY) return environment.SIGNALBOX_KEY
  if (profile !== undefined && new URL(profile.url).origin === new URL(url).origin) return profile.key
  throw new UsageError(
    `There is no key for ${url}. Sign in with one: signalbox login --url ${url} (or set SIGNALBOX_KEY)`,
  )
}

export function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '')
  throw new UsageError(`${text} is no address of a system. Write it as in ${DEFAULT_URL}`)
}

async function onlyTenant(client: Client): Promise<string> {
  const { kind, tenants } = await client.get('/api/v1/auth/session')
  const [only, ...others] = tenants
  if (only && others.length === 0) return only.tenant_id
  const which =
    kind === 'operator' ? 'as in --tenant tenant_a' : `one of ${tenants.map((each) => each.tenant_id).join(', ')}`
  throw new UsageError(`Say whose tasks with --tenant: ${which}.`)
}

import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { z } from 'zod'
import { type Variable, variables } from './config-variables.ts'

export { PROCESS_ROLES, type ProcessRole } from './config-variables.ts'

type Variables = typeof variables
type Values = { [Name in keyof Variables]: z.output<Variables[Name]['schema']> }
export type Config = Readonly<Omit<Values, 'SIGNALBOX_DEMO'> & { SIGNALBOX_DEMO: boolean }>

/** Thrown when a variable is wrong; its message names each one with its bound and an example. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Checks `environment` and fills in defaults. Empty strings count as unset, as compose files write them. */
export function parseConfig(environment: Record<string, string | undefined>): Config {
  const values: Record<string, unknown> = {}
  const complaints: string[] = []
  for (const [name, variable] of Object.entries(variables) as [string, Variable][]) {
    const result = variable.schema.safeParse(environment[name] || undefined)
    if (result.success) values[name] = result.data
    else complaints.push(`  ${name} must be ${variable.bound}, e.g. ${name}=${variable.example}`)
  }
  if (values.SIGNALBOX_QUEUE === 'sqs' && !environment.SQS_QUEUE_URL) {
    const { bound, example } = variables.SQS_QUEUE_URL
    complaints.push(`  SQS_QUEUE_URL must be ${bound} when SIGNALBOX_QUEUE=sqs, e.g. SQS_QUEUE_URL=${example}`)
  }
  if (complaints.length > 0) throw new ConfigError(`The configuration is not usable:\n${complaints.join('\n')}`)
  const parsed = values as Values
  return Object.freeze({ ...parsed, SIGNALBOX_DEMO: parsed.SIGNALBOX_DEMO ?? parsed.DATABASE_URL === undefined })
}

/** The configuration of this process: its environment over the `.env` file in the working directory. */
export function loadConfig(): Config {
  const fromFile = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
  return parseConfig({ ...fromFile, ...process.env })
}

/** One line per variable: name, effective value with secrets masked, what it is for. */
export function describeConfig(config: Config): string {
  const width = Math.max(...Object.keys(variables).map((name) => name.length))
  return (Object.entries(variables) as [keyof Variables, Variable][])
    .map(([name, variable]) => {
      const value = config[name]
      const shown = value === undefined ? '(unset)' : variable.secret ? '********' : String(value)
      return `${name.padEnd(width)}  ${shown}\n${' '.repeat(width)}  # ${variable.about}; ${variable.bound}`
    })
    .join('\n')
}

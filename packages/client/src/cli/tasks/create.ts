import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { Command } from 'commander'
import type { operations } from '../../api.generated.ts'
import { type ConnectionOptions, connect, connecting } from '../connection.ts'
import { UsageError } from '../exit.ts'
import type { Screen } from '../screen.ts'
import { numberBetween } from './options.ts'
import { watchTask } from './watch.ts'

type Body = operations['createTask']['requestBody']['content']['application/json']

type CreateOptions = ConnectionOptions & {
  kind?: string
  description?: string
  payload?: string
  priority?: number
  runAt?: string
  attempts?: number
  dedupeKey?: string
  concurrencyKey?: string
  watch?: boolean
}

/** `tasks create`: what the API takes, as options; the payload as JSON, of a file or of standard input. */
export const createCommand = (screen: Screen, onEnd: (code: number) => void): Command =>
  connecting(new Command('create'))
    .summary('hand a task over')
    .description('Hand a task over. With a title alone it is a note; --kind chooses what is done with --payload.')
    .argument('[title]', 'what people see in lists, up to 255 characters')
    .option('--kind <kind>', 'what is to be done: note.process, demo.sleep, demo.progress, demo.fail, http.request …')
    .option('--description <text>', 'more for people')
    .option('--payload <json>', 'what its kind wants: JSON, @file, or - for standard input')
    .option('--priority <number>', 'each step is worth half a minute of waiting (-10 to 10)', numberBetween(-10, 10))
    .option('--run-at <time>', 'not before, with a zone: 2026-03-01T09:00:00Z')
    .option('--attempts <number>', 'attempts in all', numberBetween(1, 100))
    .option('--dedupe-key <key>', 'while a task of this kind and key lives, that one is found instead')
    .option('--concurrency-key <key>', 'of the tasks with this key one runs at a time')
    .option('--watch', 'follow it until it has ended')
    .addHelpText(
      'after',
      `
Examples:
  $ signalbox tasks create "Call the customer back" --description "Before noon"
  $ signalbox tasks create --kind demo.progress --payload '{"steps": 20}' --watch
  $ signalbox tasks create --kind http.request --payload @request.json --dedupe-key order-17`,
    )
    .action(async (title: string | undefined, options: CreateOptions) => {
      const { client, tenant } = connect(options, screen)
      const body = bodyOf(title, options)
      const made = await client.post('/api/v1/tasks', { params: { query: { tenant_id: await tenant() } }, body })
      if (options.watch) {
        if (!options.json) screen.warn(`Task ${made.task_id}`)
        return onEnd(await watchTask(client, made.task_id, { screen, json: options.json ?? false }))
      }
      if (options.json) return screen.say(JSON.stringify(made))
      screen.say(made.task_id)
      if (screen.isLive) screen.warn(`Follow it: signalbox tasks watch ${made.task_id}`)
    })

/** The API checks it; which kinds there are is its to know. */
function bodyOf(title: string | undefined, options: CreateOptions): Body {
  if (title === undefined && options.kind === undefined)
    throw new UsageError('Say what to do: a title, or --kind with --payload. Examples: signalbox tasks create --help')
  const said = {
    ...{ title, kind: options.kind, description: options.description, priority: options.priority },
    ...{ run_at: options.runAt, attempts_max: options.attempts, dedupe_key: options.dedupeKey },
    concurrency_key: options.concurrencyKey,
    payload: options.payload === undefined ? options.kind && {} : readPayload(options.payload),
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Body
}

function readPayload(text: string): unknown {
  const source = text === '-' ? 0 : text.startsWith('@') ? resolve(directory(), text.slice(1)) : undefined
  try {
    return JSON.parse(source === undefined ? text : readFileSync(source, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--payload is not JSON that can be read: ${reason}`)
  }
}

/** Where the user stands; the launcher of the repository works from its own folder. */
const directory = () => process.env.SIGNALBOX_CWD ?? process.cwd()

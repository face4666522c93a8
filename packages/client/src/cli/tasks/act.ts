import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { wait } from '../../wait.ts'
import { type ConnectionOptions, connect, connecting } from '../connection.ts'
import { UsageError } from '../exit.ts'
import type { Screen } from '../screen.ts'
import { type FilterOptions, filtering, numberBetween, queryOf } from './options.ts'

type ManyOptions = ConnectionOptions & FilterOptions & { all?: boolean; yes?: boolean; perMinute?: number }
type Answer = { matching: number; changed: number; more: boolean }
/** Of the tasks of callers that a filter leaves. */
type Many = (query: Record<string, never> & { tenant_id: string }, preview: boolean) => Promise<Answer>

const YES = ['--yes', 'do not ask whether to, after saying how many'] as const

/** `tasks cancel`: those that are named, or all that a filter leaves. */
export const cancelCommand = (screen: Screen): Command =>
  connecting(filtering(new Command('cancel'), 'queued, running, retrying'))
    .summary('cancel tasks: by id, or all that a filter leaves')
    .description('Cancel tasks: at once while they wait, else as soon as their handlers have stopped.')
    .argument('[task-ids...]', 'which; without any, those that the filter leaves')
    .option('--all', 'all live ones, where no filter is given')
    .option(...YES)
    .action(async (taskIds: string[], options: ManyOptions) => {
      const { client, tenant } = connect(options, screen)
      for (const task_id of taskIds) {
        const ended = await client.post('/api/v1/tasks/{task_id}/cancel', { params: { path: { task_id } } })
        screen.say(options.json ? JSON.stringify(ended) : `${task_id} ${ended.status}`)
      }
      if (taskIds.length > 0) return
      await actOnMany(screen, options, { word: 'cancel', tenantId: await tenant() }, (query, preview) =>
        client.post('/api/v1/tasks/cancel', { params: { query: { ...query, preview: preview ? 'true' : 'false' } } }),
      )
    })

/** `tasks retry`: those that are named. */
export const retryCommand = (screen: Screen): Command =>
  connecting(new Command('retry'))
    .summary('let ended tasks begin anew, or waiting ones go now')
    .description('Let ended tasks begin anew, or those that wait for their next attempt go now.')
    .argument('<task-ids...>', 'which')
    .action(async (taskIds: string[], options: ConnectionOptions) => {
      const { client } = connect(options, screen)
      for (const task_id of taskIds) {
        const task = await client.post('/api/v1/tasks/{task_id}/retry', { params: { path: { task_id } } })
        screen.say(options.json ? JSON.stringify(task) : `${task_id} ${task.status}`)
      }
    })

/** `tasks redrive`: all dead ones that a filter leaves, no faster than is asked for. */
export const redriveCommand = (screen: Screen): Command =>
  connecting(filtering(new Command('redrive'), 'failed, cancelled'))
    .summary('let failed and cancelled tasks begin anew, many at a time')
    .description('Let all failed and cancelled tasks that a filter leaves begin anew, oldest first.')
    .option('--all', 'all dead ones, where no filter is given')
    .option('--per-minute <number>', 'how many begin in a minute', numberBetween(1, 60_000))
    .option(...YES)
    .addHelpText('after', '\nExample:\n  $ signalbox tasks redrive --kind http.request --status failed --per-minute 60')
    .action(async (options: ManyOptions) => {
      const { client, tenant } = connect(options, screen)
      const rate = options.perMinute === undefined ? {} : { per_minute: options.perMinute }
      await actOnMany(screen, options, { word: 'redrive', tenantId: await tenant() }, (query, preview) =>
        client.post('/api/v1/tasks/retry', {
          params: { query: { ...query, ...rate, preview: preview ? 'true' : 'false' } },
        }),
      )
    })

async function actOnMany(
  screen: Screen,
  options: ManyOptions,
  { word, tenantId }: { word: string; tenantId: string },
  act: Many,
) {
  const filter = queryOf(options)
  if (Object.keys(filter).length === 0 && !options.all)
    throw new UsageError(`Say which tasks to ${word}: their ids, a filter such as --kind, or --all.`)
  const query = { ...filter, tenant_id: tenantId } as Record<string, never> & { tenant_id: string }
  const { matching } = await act(query, true)
  if (matching > 0 && !options.yes) await askWhetherTo(word, matching, options.json ?? false)
  let changed = 0
  // What is dead again meanwhile matches again: no more than there were.
  while (changed < matching) {
    const answer = await act(query, false)
    changed += answer.changed
    if (!answer.more) break
    // The next heap begins when this one has begun, or together they would be faster than was asked for.
    if (options.perMinute !== undefined && changed < matching) await wait((answer.changed / options.perMinute) * 60_000)
  }
  if (options.json) screen.say(JSON.stringify({ matching, changed }))
  else screen.say(`${changed} of ${matching}: ${word === 'cancel' ? 'cancelled, or asked to stop' : 'begin anew'}.`)
}

async function askWhetherTo(word: string, matching: number, asJson: boolean): Promise<void> {
  if (asJson || !process.stdin.isTTY)
    throw new UsageError(`This would ${word} ${matching} tasks. Say --yes when that is right.`)
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${word[0]?.toUpperCase()}${word.slice(1)} ${matching} tasks? [y/N] `)
  prompt.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('Nothing was changed.')
}

import { Command } from 'commander'
import { type ConnectionOptions, connect, connecting } from '../connection.ts'
import { type Column, type Screen, table } from '../screen.ts'
import { type FilterOptions, filtering, numberBetween, queryOf } from './options.ts'
import { bar, distance, isEnded, shareOf, styleOf, type TaskListed, titleOf } from './task.ts'

type ListOptions = ConnectionOptions & FilterOptions & { limit: number; cursor?: string; all?: boolean }

const COLUMNS: readonly Column<TaskListed>[] = [
  { head: 'TASK', of: (task) => task.task_id },
  { head: 'STATUS', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
  { head: 'AGE', of: (task) => distance(task.created_at) },
  { head: 'TRY', of: ({ attempt, attempts_max }) => `${attempt}/${attempts_max}` },
  { head: 'KIND', of: ({ kind }) => kind },
  { head: 'TITLE', of: (task) => [titleOf(task), how(task)].filter(Boolean).join(' – ') },
]

/** Of one that failed, why; of one that runs, how far it is; of one that waits, until when. */
function how(task: TaskListed): string {
  if (task.status === 'failed') return task.error?.message ?? ''
  const share = shareOf(task)
  if (task.status === 'running') return share === undefined ? '' : bar(share, 10)
  return !isEnded(task.status) && Date.parse(task.run_at) > Date.now() ? distance(task.run_at) : ''
}

/** `tasks list`: a page, or with `--all` as many as there are. */
export const listCommand = (screen: Screen): Command =>
  connecting(filtering(new Command('list'), 'queued, running, retrying, succeeded, failed, cancelled'))
    .summary('list tasks, newest first')
    .description('List tasks, newest first.')
    .option('--limit <number>', 'at most so many (up to 200)', numberBetween(1, 200), 20)
    .option('--cursor <cursor>', 'go on from the next_cursor of an answer with --json')
    .option('--all', 'all of them, page after page; with --json one on each line')
    .addHelpText(
      'after',
      `
Examples:
  $ signalbox tasks list --status failed,retrying
  $ signalbox tasks list --owner me --title invoice
  $ signalbox tasks list --all --json | jq -r .task_id`,
    )
    .action(async (options: ListOptions) => {
      const { client, tenant } = connect(options, screen)
      const limit = options.all ? 200 : options.limit
      const cursor = options.cursor === undefined ? {} : { cursor: options.cursor }
      const query = { ...queryOf(options), ...cursor, tenant_id: await tenant(), limit }
      let isFirst = true
      for await (const page of client.pages('/api/v1/tasks', { params: { query } })) {
        if (options.json && !options.all) return screen.say(JSON.stringify(page))
        if (options.json) for (const task of page.tasks) screen.say(JSON.stringify(task))
        else if (page.tasks.length > 0) screen.say(table(page.tasks, COLUMNS, screen))
        else if (isFirst) screen.say('There are none.')
        isFirst = false
        if (options.all) continue
        const more = page.total_is_estimate ? `more than ${page.total}` : String(page.total)
        if (page.next_cursor !== null) screen.warn(`${page.tasks.length} of ${more}; see more with --limit or --all.`)
        return
      }
    })

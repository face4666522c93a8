import { Command } from 'commander'
import { type ConnectionOptions, connect, connecting } from '../connection.ts'
import type { Screen } from '../screen.ts'
import { cancelCommand, redriveCommand, retryCommand } from './act.ts'
import { createCommand } from './create.ts'
import { listCommand } from './list.ts'
import { describeTask } from './task.ts'
import { watchTask } from './watch.ts'

/** `tasks …`; `onEnd` hears of another code to end with than 0. */
export function tasksCommand(screen: Screen, onEnd: (code: number) => void): Command {
  const tasks = new Command('tasks').summary('hand tasks over, watch them, and act on them')
  const one = (name: string, summary: string) =>
    connecting(
      tasks
        .command(`${name} <task-id>`)
        .summary(summary)
        .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    )
  const path = (taskId: string) => ({ params: { path: { task_id: taskId } } })

  tasks.addCommand(createCommand(screen, onEnd))
  tasks.addCommand(listCommand(screen))
  one('show', 'show a task with its payload and its result').action(
    async (taskId: string, options: ConnectionOptions) => {
      const task = await connect(options, screen).client.get('/api/v1/tasks/{task_id}', path(taskId))
      screen.say(options.json ? JSON.stringify(task) : describeTask(task, screen))
    },
  )
  one('watch', 'follow a task until it has ended: its progress, what it says, its attempts')
    .addHelpText(
      'after',
      '\nEnds with 0 when the task succeeded, with 1 when it failed or was cancelled. With --json: a line for each change.',
    )
    .action(async (taskId: string, options: ConnectionOptions) => {
      const { client } = connect(options, screen)
      onEnd(await watchTask(client, taskId, { screen, json: options.json ?? false }))
    })
  one('explain', 'say in one sentence why a task is not done yet').action(
    async (taskId: string, options: ConnectionOptions) => {
      const why = await connect(options, screen).client.get('/api/v1/tasks/{task_id}/explain', path(taskId))
      screen.say(options.json ? JSON.stringify(why) : why.sentence)
    },
  )
  tasks.addCommand(cancelCommand(screen))
  tasks.addCommand(retryCommand(screen))
  tasks.addCommand(redriveCommand(screen))
  return tasks
}

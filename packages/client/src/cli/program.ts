import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { EXIT } from './exit.ts'
import { loginCommand, profilesCommand } from './profile-commands.ts'
import type { Screen } from './screen.ts'
import { tasksCommand } from './tasks/index.ts'

/** Runs what the words of a command line say; returns the code to end with. Throws what `endWith` explains. */
export async function commandLine(screen: Screen, words: readonly string[]): Promise<number> {
  let code: number = EXIT.ok
  const program = new Command('signalbox')
    .description('Hand work to Signalbox, watch it, and understand why it waits.')
    .version(version())
    .showHelpAfterError('Add --help to see what there is.')
    .addCommand(loginCommand(screen))
    .addCommand(profilesCommand(screen))
    .addCommand(
      tasksCommand(screen, (ended) => {
        code = ended
      }),
    )
    .addHelpText(
      'after',
      `
Begin with:
  $ signalbox login                                 keep the address and a key
  $ signalbox tasks create "Say hello" --watch      hand a task over and see it done
  $ signalbox tasks list --status failed            what went wrong?

Ends with 0: done; 1: refused, or the task failed; 2: asked wrongly; 3: not reachable; 4: not signed in or not allowed.
Settings: SIGNALBOX_URL, SIGNALBOX_KEY, SIGNALBOX_TENANT, SIGNALBOX_PROFILE, NO_COLOR.`,
    )
  for (const command of everyCommandOf(program)) command.exitOverride()
  await program.parseAsync(words, { from: 'user' })
  return code
}

const version = () => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

const everyCommandOf = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommandOf)]

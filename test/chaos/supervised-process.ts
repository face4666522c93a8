import { sleep } from '../../src/kernel/abort.ts'
import { type Environment, type SystemProcess, startSystemProcess } from '../harness/system-process.ts'

const AGAIN_AFTER_MS = 1_000

/** What a process may print about itself, in a log line. */
const LAST_WORDS_MAX = 400

/**
 * A process of the system as an operator's supervisor would keep it: started again while it is wanted and does not come
 * up, as it cannot while the database is away. One that has served and ends without being killed is a fault.
 */
export function superviseProcess(options: {
  name: string
  databaseUrl: string
  environment: Environment
  print: (sentence: string) => void
  onFault: (sentence: string) => void
}) {
  const { name, databaseUrl, environment, print, onFault } = options
  let spawned: Pick<SystemProcess, 'kill' | 'exited'> | undefined
  let serving: SystemProcess | undefined
  let isWanted = false
  let keeping: Promise<void> | undefined

  process.once('exit', () => spawned?.kill('SIGKILL'))

  const keep = async () => {
    while (isWanted) {
      try {
        serving = await startSystemProcess(databaseUrl, environment, (child) => {
          spawned = child
        })
        print(`${name} serves at ${serving.url}`)
        const { code } = await serving.exited
        const words = serving.output().slice(-LAST_WORDS_MAX)
        serving = undefined
        if (isWanted) onFault(`${name} ended by itself with ${code}: ${words}`)
      } catch (error) {
        spawned?.kill('SIGKILL')
        await spawned?.exited
        if (!isWanted) return
        print(`${name} did not come up, trying again: ${(error as Error).message.slice(-LAST_WORDS_MAX)}`)
        await sleep(AGAIN_AFTER_MS)
      }
    }
  }

  const kill = async () => {
    isWanted = false
    spawned?.kill('SIGCONT')
    spawned?.kill('SIGKILL')
    await keeping
  }

  return {
    start: () => {
      isWanted = true
      keeping ??= keep().finally(() => {
        keeping = undefined
      })
    },
    kill,
    freeze: () => spawned?.kill('SIGSTOP'),
    thaw: () => spawned?.kill('SIGCONT'),
    /** Where it serves; undefined while it does not. One that is frozen is still there. */
    url: () => serving?.url,
    /** Resolves with what it ended with when it was asked to. */
    stop: async () => {
      isWanted = false
      const ended = await serving?.stop()
      await kill()
      return ended
    },
  }
}

export type SupervisedProcess = ReturnType<typeof superviseProcess>

import { z } from 'zod'
import {
  defineTaskKind,
  findTask,
  PermanentFailure,
  type TaskContext,
  type TaskKind,
} from '../../../core/tasks/index.ts'
import { sleep } from '../../../kernel/abort.ts'
import type { Database } from '../../../platform/database/index.ts'
import { type PageSource, ProviderError, type Source } from '../connectors/index.ts'
import { closeWalk } from './close-walk.ts'
import { ingestionFault } from './faults.ts'
import { clearEarlierRuns } from './store.ts'
import { sweepFor } from './sweep.ts'
import { startOrResume, type Walk } from './walk.ts'

export type IngestionPayload = Record<string, never>

export const INGESTION_RUN = 'ingestion.run'

/** How soon a run that waits for another one's sweep looks whether it has what it needs, or has to sweep itself. */
const LOOK_AGAIN_MS = 250

/**
 * A run: walks the provider's pages until it has seen each of them since its start, together with the other runs that
 * wait, and stores its tenant's own tickets; then deletes what is gone. An attempt after a crash goes on where the last
 * page was stored.
 */
export function ingestionRun(dependencies: {
  database: Database
  source: Source<PageSource>
  /** Names the provider: runs on the same connection walk together. */
  connection: string
}): TaskKind<IngestionPayload, Walk> {
  return defineTaskKind<IngestionPayload, Walk>({
    name: INGESTION_RUN,
    payload: z.strictObject({}),
    retry: { attemptsMax: 5, baseSeconds: 5, capSeconds: 60 },
    timeLimitSeconds: 6 * 3_600,
    handle: async (context) => {
      try {
        await context.write(async (tx) => {
          await clearEarlierRuns(tx, context.taskId)
          return startOrResume(context.progress)
        })
        const walked = await walkTogether(dependencies, context)
        return await closeWalk(context, walked, dependencies.source)
      } catch (error) {
        throw explain(error)
      }
    },
  })
}

/** Sweeps, or lets another run sweep, until this run's walk is over. */
async function walkTogether(
  dependencies: Parameters<typeof ingestionRun>[0],
  { tenantId, taskId, signal, log }: TaskContext<IngestionPayload, Walk>,
): Promise<Walk> {
  const { database } = dependencies
  for (;;) {
    signal.throwIfAborted()
    const task = await database.withTenant(tenantId, (tx) => findTask(tx, taskId))
    const walk = startOrResume((task?.progress ?? {}) as Partial<Walk>)
    if (walk.phase === 'closing') return walk
    const swept = await sweepFor({ ...dependencies, kind: INGESTION_RUN }, taskId, { signal, log })
    if (!swept) await sleep(LOOK_AGAIN_MS, signal)
  }
}

/** The provider's failures in words for the tenant; everything else as it is. */
function explain(error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error
  if (error.kind === 'refused') {
    const refusal = { code: 'ingestion.provider_refused', message: `The helpdesk refused the call: ${error.message}.` }
    return new PermanentFailure(refusal, { cause: error })
  }
  return ingestionFault('ingestion.provider_unavailable', {
    public: `The helpdesk cannot be used just now: ${error.message}.`,
    internal: error.message,
    cause: error,
  })
}

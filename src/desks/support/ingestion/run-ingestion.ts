import { z } from 'zod'
import {
  defineTaskKind,
  findTask,
  PermanentFailure,
  type TaskContext,
  type TaskKind,
} from '../../../core/tasks/index.ts'
import { sleep } from '../../../kernel/abort.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Database } from '../../../platform/database/index.ts'
import { type OpenConnectorOf, type PageSource, ProviderError, type Source } from '../connectors/index.ts'
import type { ClassifyNews, ClassifyTickets } from '../tickets/index.ts'
import { closeWalk } from './close-walk.ts'
import { ingestionFault } from './faults.ts'
import { readChanges } from './read-changes.ts'
import type { IngestionPayload, RunProgress } from './run.ts'
import { clearEarlierRuns } from './store.ts'
import { sweepFor } from './sweep.ts'
import { startOrResume, type Walk } from './walk.ts'

const INGESTION_RUN = 'ingestion.run'

/** How soon a run that waits for another one's sweep looks whether it has what it needs, or has to sweep itself. */
const LOOK_AGAIN_MS = 250

type RunDependencies = {
  database: Database
  source: Source<PageSource>
  /** Names the provider: runs on the same connection walk together. */
  connection: string
  openConnector: OpenConnectorOf
  classifyTickets: ClassifyTickets
  classifyNews: ClassifyNews
}

/** A run: brings a tenant's tickets in, from the provider or from one of its connectors. */
export function ingestionRun(dependencies: RunDependencies): TaskKind<IngestionPayload, RunProgress> {
  return defineTaskKind<IngestionPayload, RunProgress>({
    name: INGESTION_RUN,
    payload: z.strictObject({ connector_id: z.uuid().optional() }),
    retry: { attemptsMax: 5, baseSeconds: 5, capSeconds: 60 },
    timeLimitSeconds: 6 * 3_600,
    handle: async (context) => {
      try {
        const { connector_id } = context.payload
        return connector_id === undefined
          ? await walkProvider(dependencies, context as TaskContext<IngestionPayload, Walk>)
          : await readChanges(dependencies, context, connector_id)
      } catch (error) {
        throw explainFailure(error)
      }
    },
  })
}

/**
 * Walks the provider's pages until the run has seen each of them since its start, together with the other runs that
 * wait, and stores its tenant's own tickets; then deletes what is gone. An attempt after a crash goes on where the last
 * page was stored.
 */
async function walkProvider(dependencies: RunDependencies, context: TaskContext<IngestionPayload, Walk>) {
  await context.write(async (tx) => {
    await clearEarlierRuns(tx, context.taskId)
    return startOrResume(context.progress)
  })
  const walked = await walkTogether(dependencies, context)
  return closeWalk(context, walked, dependencies)
}

/** Sweeps, or lets another run sweep, until this run's walk is over. */
async function walkTogether(
  dependencies: RunDependencies,
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

/** The helpdesk's failures in words for the tenant; everything else as it is. */
export function explainFailure(error: unknown): unknown {
  // What a person has to mend first, such as credentials that can no longer be read: waiting does not.
  if (error instanceof Fault && error.status < 500) {
    return new PermanentFailure({ code: error.code, message: error.public }, { cause: error })
  }
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

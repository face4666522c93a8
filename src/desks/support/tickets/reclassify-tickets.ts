import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import { defineTaskKind, type EnqueueTask, type TaskContext, type TaskKind } from '../../../core/tasks/index.ts'
import { sleep } from '../../../kernel/abort.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { type Classifier, RULES_FRESH_MS } from '../classification/index.ts'
import { listOutdated, storeJudgements } from './classification-store.ts'
import { judgeInTurns } from './classify-tickets.ts'

/** The kind of the task. */
export const RECLASSIFY = 'ticket.reclassify'

/** What was classified again, and how many tickets mean something else since. */
type Reclassified = { classified: number; changed: number }

/** Classified and stored by one transaction; more would keep a run's page waiting for its tickets. */
const AT_ONCE = 200
/** That many take a hundredth of this, unless their texts are made for taking long. */
const AT_ONCE_MS = 1_000

/**
 * Classifies all tickets of a tenant again whose classification is not of its current rules; what agents have corrected
 * keeps their word. Looks until there is nothing more: another process may use the old rules for as long as it keeps them.
 */
export function ticketReclassify(classifier: Classifier): TaskKind<Record<string, never>, Reclassified> {
  return defineTaskKind<Record<string, never>, Reclassified>({
    name: RECLASSIFY,
    payload: z.strictObject({}),
    retry: { attemptsMax: 5, baseSeconds: 2, capSeconds: 60 },
    timeLimitSeconds: 6 * 3_600,
    offer: {
      about: 'Classifies all tickets again whose classification is not of the current rules.',
      permission: 'ticket.reclassify',
    },
    handle: async (context) => {
      let done: Reclassified = { classified: 0, changed: 0, ...context.progress }
      for (let found = -1; found !== 0; ) {
        if (found > 0) await sleep(RULES_FRESH_MS * 2, context.signal)
        const before = done.classified
        done = await classifyOutdated(classifier, context, done)
        // The first pass is never the last: somebody may have used the old rules meanwhile.
        found = found === -1 ? 1 : done.classified - before
      }
      return done
    },
  })
}

async function classifyOutdated(
  classifier: Classifier,
  { write, signal, log }: TaskContext<Record<string, never>, Reclassified>,
  before: Reclassified,
): Promise<Reclassified> {
  let done = before
  let after: string | undefined
  for (let more = true; more; ) {
    signal.throwIfAborted()
    await write(async (tx) => {
      const rules = await classifier.currentRules(tx)
      const outdated = await listOutdated(tx, { ruleVersion: rules.version, after, limit: AT_ONCE })
      const judged = await judgeInTurns(rules, outdated, { log, withinMs: AT_ONCE_MS })
      more = outdated.length > 0
      after = judged.at(-1)?.ticket_id
      const judgements = judged.map(({ subject: _, message: __, ...judgement }) => judgement)
      const changed = await storeJudgements(tx, judgements, `rules:${rules.version}`)
      done = { classified: done.classified + judged.length, changed: done.changed + changed }
      return done
    })
  }
  return done
}

export type StartReclassification = (tx: Tx, tenantId: TenantId, startedBy: string) => Promise<{ taskId: string }>

/** Starts the task, or finds the one that waits or runs for these rules: one for others may have passed by already. */
export function startReclassificationWith(
  dependencies: { enqueue: EnqueueTask; classifier: Classifier },
  kind: TaskKind<Record<string, never>, Reclassified>,
): StartReclassification {
  return async (tx, tenantId, startedBy) => {
    const { version } = await dependencies.classifier.currentRules(tx)
    const options = { uniqueKey: version, createdBy: startedBy }
    const { taskId, created } = await dependencies.enqueue(tx, tenantId, kind, {}, options)
    const subject = `task:${taskId}`
    if (created) await recordAudit(tx, { tenantId, actor: startedBy, action: 'ticket.reclassify', subject })
    return { taskId }
  }
}

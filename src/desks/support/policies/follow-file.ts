import { raiseOperatorSignal, resolveOperatorSignal } from '../../../core/signals/index.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { Schedule } from '../../../platform/module/index.ts'
import { DEFAULT_POLICY_TEXT } from './document/default-policy.ts'
import { hashOf } from './publish-policy.ts'
import { type FileContent, readOperatorPolicy, readPolicyFile, tellProblems } from './read-file.ts'
import { insertDefault } from './store.ts'

const EVERY_SECONDS = 2
const SIGNAL = 'sla.policy_file'

export type Following = {
  database: Database
  logger: Logger
  processId: string
  /** Of SLA_CONFIG_PATH; unset: what ships with the program. */
  path: string | undefined
}

/**
 * Puts what the operator's file says in force for all who have no policy of their own, once it has said the same twice: somebody may
 * be writing it. What cannot be used changes nothing, and operators are told until it can be.
 *
 * Several processes may do so at once. Each proposes what its own file says when that has changed, and the row that is written decides;
 * the same content makes one version. Two that are given different files would otherwise take turns for ever.
 */
export function followingFile({ database, logger, processId, path }: Following): Schedule {
  const reason = 'the operator’s policy belongs to no tenant'
  let seen: string | undefined
  let settled: string | undefined

  const propose = async (source: 'built_in' | 'file', { written, content_hash }: Written) => {
    const read = readOperatorPolicy(written)
    if ('problems' in read) return refuse(tellProblems(read.problems))
    const { form, policy } = read
    const from = { source, path: source === 'file' ? (path ?? null) : null, loaded_by: processId }
    const isNew = await database.acrossTenants(reason, async (tx) => {
      await resolveOperatorSignal(tx, SIGNAL)
      return insertDefault(tx, { ...from, form, written, content_hash, policy })
    })
    if (isNew) logger.info({ component: 'policies', source, path, content_hash }, 'the operator’s policy is in force')
  }
  const refuse = async (problem: string) => {
    logger.warn(
      { component: 'policies', path, problem },
      'the operator’s policy cannot be used; the last good one holds',
    )
    await database.acrossTenants(reason, async (tx) => {
      // What is wrong now may be something else.
      await resolveOperatorSignal(tx, SIGNAL)
      await raiseOperatorSignal(tx, {
        ...{ kind: SIGNAL, subject: 'sla:policy_file', severity: 'warning', dedupeKey: SIGNAL },
        title: `The file of SLA_CONFIG_PATH cannot be used; the policy before it holds: ${problem}`.slice(0, 1_000),
        facts: { path, problem },
      })
    })
  }
  return {
    name: 'the operator’s policy',
    everySeconds: EVERY_SECONDS,
    work: async () => {
      const content: FileContent = path === undefined ? BUILT_IN : await readPolicyFile(path)
      const now = 'failure' in content ? content.failure : content.content_hash
      const isStable = now === seen || path === undefined
      seen = now
      if (!isStable || now === settled) return undefined
      if ('failure' in content) await refuse(content.failure)
      else await propose(path === undefined ? 'built_in' : 'file', content)
      settled = now
      return undefined
    },
  }
}

type Written = Exclude<FileContent, { failure: string }>

const BUILT_IN: Written = { written: DEFAULT_POLICY_TEXT, content_hash: hashOf(DEFAULT_POLICY_TEXT) }

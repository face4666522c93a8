import type { Logger } from '../../kernel/logger.ts'
import type { Store } from './store.ts'

/** What the copies cost and bring. `failed`: the store could not be asked, and the database answered. */
export type CopyEvent = 'hit' | 'miss' | 'failed' | 'invalidated'

export type CopiesOptions = { store: Store; logger: Logger; onEvent(event: CopyEvent): void; now?: () => number }

/** Nobody asks a store that failed so often in a row for a while; then one asks it again. */
const FAILURES_MAX = 3
const LEFT_ALONE_MS = 5_000

export type Copies = ReturnType<typeof openCopies>

/**
 * Copies of what the database has, which are told when that changes. They are used only while somebody listens to what
 * changes, and what was read while it changed is not kept. A store that fails costs time and nothing else.
 */
export function openCopies({ store, logger, onEvent, now = () => performance.now() }: CopiesOptions) {
  const loading = new Map<string, Set<{ isSpoilt: boolean }>>()
  let isListening = false
  /** What it holds may be older than what was changed: a removal that failed, or a time in which nobody listened. */
  let isDoubtful = true
  let emptying: Promise<boolean> | undefined
  let failures = 0
  let leftAloneUntil = 0

  /** Asks the store; undefined when that fails. */
  const ask = async <Answer>(work: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (now() < leftAloneUntil) return undefined
    try {
      const answer = await work()
      failures = 0
      return answer
    } catch (err) {
      onEvent('failed')
      failures += 1
      if (failures >= FAILURES_MAX) leftAloneUntil = now() + LEFT_ALONE_MS
      if (failures === FAILURES_MAX)
        logger.warn({ err, component: 'cache' }, 'the cache does not answer; doing without')
      return undefined
    }
  }
  const spoil = (loads: Iterable<{ isSpoilt: boolean }>) => {
    for (const load of loads) load.isSpoilt = true
  }
  /** Empties a store that is doubtful; whether it can be believed now. All who ask meanwhile wait for the same. */
  const makeCertain = async (): Promise<boolean> => {
    if (!isDoubtful) return (await emptying) ?? true
    // Set first: who finds a reason to doubt meanwhile is heard.
    isDoubtful = false
    const emptied = ask(async () => {
      await store.empty()
      return true
    }).then((done) => {
      if (!done) isDoubtful = true
      if (emptying === emptied) emptying = undefined
      return done === true
    })
    emptying = emptied
    return emptied
  }

  return {
    /**
     * The copy of `key`, or what `load` reads: `text` is kept, where there is one. Resolves with undefined when `load` does.
     */
    async read<Loaded extends { text?: string | undefined }>(
      key: string,
      load: () => Promise<Loaded | undefined>,
    ): Promise<{ text: string } | Loaded | undefined> {
      const found = isListening && (await makeCertain()) ? await ask(() => store.get(key)) : undefined
      // Somebody may have changed it, or stopped listening, while the store was asked.
      if (found?.text !== undefined && isListening && !isDoubtful) {
        onEvent('hit')
        return { text: found.text }
      }
      onEvent('miss')
      const mine = { isSpoilt: !isListening || found === undefined }
      const ofKey = loading.get(key) ?? new Set()
      loading.set(key, ofKey.add(mine))
      try {
        const loaded = await load()
        const { text } = loaded ?? {}
        if (found && text !== undefined && !mine.isSpoilt) await ask(() => store.put(key, text, found.age))
        return loaded
      } finally {
        ofKey.delete(mine)
        if (ofKey.size === 0) loading.delete(key)
      }
    },
    /** What `key` is a copy of has changed. */
    async changed(key: string): Promise<void> {
      spoil(loading.get(key) ?? [])
      onEvent('invalidated')
      const removed = await ask(async () => {
        await store.remove(key)
        return true
      })
      if (!removed) isDoubtful = true
    },
    /** From now on `changed` is called for each change. */
    listening(): void {
      isListening = true
      isDoubtful = true
    },
    /** Nobody hears of changes until `listening`. */
    deaf(): void {
      isListening = false
      isDoubtful = true
      for (const loads of loading.values()) spoil(loads)
    },
    size: () => store.size(),
    close: () => store.close(),
  }
}

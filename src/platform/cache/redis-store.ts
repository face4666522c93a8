import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Logger } from '../../kernel/logger.ts'
import type { Store } from './store.ts'

/** A store that takes longer than this is slower than the database. */
const ANSWERS_WITHIN_MS = 100
const CONNECTS_WITHIN_MS = 1_000
const RECONNECT_MS_MAX = 2_000
const PREFIX = 'signalbox:copies:'

export type RedisStoreOptions = { url: string; keepSeconds: number; logger: Logger }

/**
 * A store that processes share, in Redis or Valkey. Each copy carries the age under which it was put in; emptying the store is
 * giving it another age, so that it costs one command however much is in it, and what was kept of it goes by its time.
 */
export function openRedisStore({ url, keepSeconds, logger }: RedisStoreOptions): Store {
  const redis = new Redis(url, {
    ...{ lazyConnect: true, connectTimeout: CONNECTS_WITHIN_MS, commandTimeout: ANSWERS_WITHIN_MS },
    // Nothing waits for a connection: without one the database answers.
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0 },
    retryStrategy: (times) => Math.min(times * 200, RECONNECT_MS_MAX),
  })
  redis.on('error', (err) => logger.debug({ err, component: 'cache' }, 'the connection to the cache failed'))
  // Who has none yet is told by the first command that fails.
  void redis.connect().catch(() => {})
  const ageKey = `${PREFIX}age`
  return {
    get: async (key) => {
      const [age, kept] = await redis.mget(ageKey, PREFIX + key)
      if (age == null) {
        // It was never given one, or has lost all: whoever comes first gives it one.
        const first = randomUUID()
        await redis.set(ageKey, first, 'NX')
        return { text: undefined, age: (await redis.get(ageKey)) ?? first }
      }
      return { text: kept?.startsWith(`${age}\n`) ? kept.slice(age.length + 1) : undefined, age }
    },
    put: async (key, text, age) => void (await redis.set(PREFIX + key, `${age}\n${text}`, 'EX', keepSeconds)),
    remove: async (key) => void (await redis.del(PREFIX + key)),
    empty: async () => void (await redis.set(ageKey, randomUUID())),
    size: () => undefined,
    close: async () => redis.disconnect(),
  }
}

import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type { Pool, PoolClient, QueryResult } from 'pg'

/** What a statement begins with whose plan the connection keeps; see {@link prepared}. */
const PREPARED = /^\/\* prepared: (\w+) \*\//

/** What opens a transaction, with settings behind it. */
const OPENING = /^begin( read only)?;/
const SETTINGS = /^set local /
const ENDING = /^(commit|rollback)$/

const TOO_LATE = 'A statement came after its transaction was over. Await it inside the transaction.'

/** The comment that makes a statement a prepared one. A name stands for one text for good. */
export const preparedMark = (name: string): string => `/* prepared: ${name} */`

/**
 * The pool as Kysely sees it, with each connection lent until it is given back. A statement that somebody forgot to await
 * would otherwise run later on the same connection, in the middle of another tenant's transaction.
 */
export function lending(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect()
      const send = sender(client)
      let isOver = false
      const query = (text: string, parameters: readonly unknown[]) => {
        if (isOver) throw new Error(TOO_LATE)
        return send(text, parameters)
      }
      return {
        // The other overload takes a cursor; nothing here streams.
        query: query as unknown as PostgresPoolClient['query'],
        release: (destroy) => {
          isOver = true
          client.release(destroy)
        },
      }
    },
  }
}

const NOTHING: QueryResult = { command: 'SET', rowCount: null, rows: [], fields: [], oid: 0 }

/**
 * Sends statements so that those of one tick leave in one packet. The opening of a transaction and the settings behind it
 * do not wait for their answers but travel with the first statement, which fails when they did.
 */
function sender(client: PoolClient): (text: string, parameters: readonly unknown[]) => Promise<QueryResult> {
  const { stream } = (client as unknown as { connection: { stream: import('node:net').Socket } }).connection
  let opening: string | undefined
  let isEnded = false
  return async (text, parameters) => {
    if (isEnded) {
      // The COMMIT of a transaction that failed has rolled it back.
      if (text === 'rollback') return NOTHING
      throw new Error(TOO_LATE)
    }
    if (OPENING.test(text) || (opening !== undefined && SETTINGS.test(text))) {
      opening = opening === undefined ? text : `${opening}; ${text}`
      return NOTHING
    }
    isEnded = ENDING.test(text)
    stream.cork()
    process.nextTick(() => stream.uncork())
    const name = PREPARED.exec(text)?.[1]
    const values = [...parameters]
    const opened = opening === undefined ? undefined : client.query(opening)
    opening = undefined
    const answer = client.query(name === undefined ? { text, values } : { name, text, values })
    return opened === undefined ? answer : Promise.all([opened, answer]).then(([, result]) => result)
  }
}

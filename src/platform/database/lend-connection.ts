import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type { Pool, PoolClient, QueryResult } from 'pg'

/** What a statement begins with whose plan the connection keeps; see {@link prepared}. */
const PREPARED = /^\/\* prepared: (\w+) \*\//

/** What opens a transaction, with settings behind it. */
const OPENING = /^begin( read only)?;/

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
        if (isOver) throw new Error('A statement came after its transaction was over. Await it inside the transaction.')
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

/**
 * Sends statements so that those of one tick leave in one packet. The opening of a transaction does not wait for its
 * answer but travels with the first statement, which fails when the opening did.
 */
function sender(client: PoolClient): (text: string, parameters: readonly unknown[]) => Promise<QueryResult> {
  const { stream } = (client as unknown as { connection: { stream: import('node:net').Socket } }).connection
  let opening: Promise<unknown> | undefined
  return (text, parameters) => {
    stream.cork()
    process.nextTick(() => stream.uncork())
    if (OPENING.test(text)) {
      opening = client.query(text)
      // Whoever sends the first statement hears of it.
      opening.catch(() => {})
      return Promise.resolve({ command: 'BEGIN', rowCount: null, rows: [], fields: [], oid: 0 })
    }
    const name = PREPARED.exec(text)?.[1]
    const values = [...parameters]
    const answer = client.query(name === undefined ? { text, values } : { name, text, values })
    const opened = opening
    opening = undefined
    return opened === undefined ? answer : Promise.all([opened, answer]).then(([, result]) => result)
  }
}

import { type CompiledQuery, type QueryExecutorProvider, type QueryResult, type RawBuilder, sql } from 'kysely'
import { preparedMark } from './lend-connection.ts'

/** The rows of each statement. */
export type Rows<Statements extends readonly RawBuilder<unknown>[]> = {
  -readonly [Index in keyof Statements]: Statements[Index] extends RawBuilder<infer Row> ? Row[] : never
}

/**
 * Sends statements without waiting for each other's answers: one round trip. They run in this order, each sees what those
 * before it did. When one fails, those behind it fail too, and the first failure is thrown.
 */
export async function together<const Statements extends readonly RawBuilder<unknown>[]>(
  tx: QueryExecutorProvider,
  statements: Statements,
): Promise<Rows<Statements>> {
  const answers = await sendAll(
    tx,
    statements.map((statement) => statement.compile(tx)),
  )
  return answers.map(({ rows }) => rows) as Rows<Statements>
}

const sendAll = (tx: QueryExecutorProvider, queries: readonly CompiledQuery[]): Promise<QueryResult<unknown>[]> =>
  tx
    .getExecutor()
    .provideConnection((connection) => Promise.all(queries.map((query) => connection.executeQuery(query))))

const closing = new WeakMap<QueryExecutorProvider, RawBuilder<unknown>[]>()

/** Leaves a statement whose answer nobody needs to the end of the transaction, where it travels with the commit. */
export function lastly(tx: QueryExecutorProvider, statement: RawBuilder<unknown>): void {
  closing.set(tx, [...(closing.get(tx) ?? []), statement])
}

/** Ends a transaction with what was left to its end, and returns the answers to that. */
export async function commit(tx: QueryExecutorProvider): Promise<unknown[][]> {
  const answers = await together(tx, [...(closing.get(tx) ?? []), sql<{ command: string }>`commit`])
  const [answer] = answers.pop() as { command: string }[]
  // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and without an error.
  if (answer?.command === 'COMMIT') return answers
  throw new Error('The transaction was rolled back: a statement in it failed and its error was swallowed.')
}

/**
 * Begins a statement whose plan the connection keeps, which for a large one takes longer to make than to run. For
 * statements whose best plan does not depend on their values or on how full a table is, and whose text never varies.
 */
export const prepared = (name: string) => sql.raw(preparedMark(name))

/**
 * Lets a transaction commit without waiting for the disk. When the database server itself dies, up to about 0.6 s of such
 * commits are gone (three times `wal_writer_delay`), in their order and each as a whole; a commit that waits makes all
 * before it last. For transactions whose work is done again from what they have not recorded, before anything outside
 * has been told.
 */
export const commitSoon = sql`select set_config('synchronous_commit', 'off', true)`

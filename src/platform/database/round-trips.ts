import { type CompiledQuery, type QueryExecutorProvider, type QueryResult, type RawBuilder, sql } from 'kysely'
import { escapeLiteral } from 'pg'
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

async function sendAll(tx: QueryExecutorProvider, queries: readonly CompiledQuery[]): Promise<QueryResult<unknown>[]> {
  const outcomes = await tx
    .getExecutor()
    .provideConnection((connection) => Promise.allSettled(queries.map((query) => connection.executeQuery(query))))
  // The first that failed, not the one heard of first: those behind it only say that the transaction is aborted.
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

const closing = new WeakMap<QueryExecutorProvider, RawBuilder<unknown>[]>()

/** Leaves a statement whose answer nobody needs to the end of the transaction, where it travels with the commit. */
export function lastly(tx: QueryExecutorProvider, statement: RawBuilder<unknown>): void {
  closing.set(tx, [...(closing.get(tx) ?? []), statement])
}

const concluded = new WeakSet<QueryExecutorProvider>()

/** Whether this transaction was committed before its work returned. */
export const isConcluded = (tx: QueryExecutorProvider): boolean => concluded.has(tx)

/**
 * Sends the last statements of a transaction with its commit: a round trip less for work whose answer needs nothing more.
 * Whatever comes after them fails.
 */
export async function conclude<const Statements extends readonly RawBuilder<unknown>[]>(
  tx: QueryExecutorProvider,
  statements: Statements,
): Promise<Rows<Statements>> {
  for (const statement of statements) lastly(tx, statement)
  const answers = await commit(tx)
  return answers.slice(-statements.length) as Rows<Statements>
}

/** Ends a transaction with what was left to its end, and returns the answers to that. */
export async function commit(tx: QueryExecutorProvider): Promise<unknown[][]> {
  const answers = await together(tx, [...(closing.get(tx) ?? []), sql<{ command: string }>`commit`])
  const [answer] = answers.pop() as { command: string }[]
  // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and without an error.
  if (answer?.command !== 'COMMIT')
    throw new Error('The transaction was rolled back: a statement in it failed and its error was swallowed.')
  concluded.add(tx)
  return answers
}

/**
 * Begins a statement whose plan the connection keeps, which for a large one takes longer to make than to run. For
 * statements whose best plan does not depend on their values or on how full a table is, and whose text never varies.
 */
export const prepared = (name: string) => sql.raw(preparedMark(name))

/**
 * Settings of a transaction. First in it, they travel with its opening and cost next to nothing.
 */
export const settings = (values: Readonly<Record<string, string>>) =>
  sql.raw(
    Object.entries(values)
      .map(([name, value]) => `set local ${name} = ${escapeLiteral(value)}`)
      .join('; '),
  )

/**
 * Lets a transaction commit without waiting for the disk. When the database server itself dies, up to about 0.6 s of such
 * commits are gone (three times `wal_writer_delay`), in their order and each as a whole; a commit that waits makes all
 * before it last. For transactions whose work is done again from what they have not recorded, before anything outside
 * has been told.
 */
export const commitSoon = settings({ synchronous_commit: 'off' })

/** SQLSTATE of platform.insist. */
const INSISTED = 'SB001'

/**
 * A statement that ends the transaction unless a condition holds: what travels with it is then not done, and the
 * transaction rejects with an error that {@link wasInsistedOn} knows.
 */
export const insist = (holds: RawBuilder<unknown>, otherwise: string) =>
  sql`select platform.insist(${holds}, ${otherwise})`

export const wasInsistedOn = (error: unknown): boolean => (error as { code?: unknown }).code === INSISTED

/**
 * The embedded PostgreSQL 18: a real server under a data directory, started and stopped with this process.
 *
 *   <dataDir>/
 *     postgresql/                 everything of the server; belongs to the account it runs as, mode 0700
 *       cluster/                  what initdb made (PGDATA)
 *       password                  the superuser's, made at the first start; mode 0600
 *       port                      the last port, taken again when it is free, so that a printed address stays valid
 *       server.log, server.log.1  what the server says, two times 4 MB at most
 *     postgresql.lock             locked while somebody uses this directory (owner-lock.ts)
 *     postgresql.owner            the pid of who does, for people and for the error message
 *     postgresql.location         only when the database had to be placed elsewhere: where it is (place.ts)
 *
 * The rules:
 *
 * 1. One process owns a data directory. The kernel frees the lock when the process ends, however it ends.
 * 2. A cluster appears whole: it is made beside its place and renamed. An interrupted start leaves only rubbish
 *    (`postgresql.partial-…`), which the next start removes.
 * 3. The server lives as long as the pipe to its owner. `close` asks it to stop through the pipe; when the owner is
 *    killed, the kernel closes the pipe and the server stops by itself (server-process.ts).
 * 4. A server that outlived its owner all the same is stopped, not adopted: it has no pipe to a new owner
 *    (previous-server.ts). PostgreSQL's own interlock remains the last word against two servers on one cluster.
 * 5. PostgreSQL refuses to run as root. Root runs it as an unprivileged account; what this account cannot reach
 *    (a clone under a home of mode 0700) is placed where it can (account.ts, place.ts, binaries.ts).
 */
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './start-embedded-postgres.ts'

import { Client } from 'pg'
import { PgBoss } from 'pg-boss'
import { connectionSettings, ROLES } from '../../database/index.ts'
import type { QueueDefinition } from '../queue.ts'

export const QUEUE_SCHEMA = 'pgboss'

/** How often a job whose worker died is handed out again before it is given up. */
const REDELIVERIES = 10
const DAY_SECONDS = 86_400

/**
 * Creates or upgrades the queue engine's schema as the owner, the queues, and the rights of the roles that use them.
 * Repeatable; the caller holds the migration lock.
 *
 * The serving role may add jobs, in the transaction of a tenant, and cannot read any: jobs of all tenants lie in one
 * table.
 */
export async function installQueue(url: string, queues: readonly QueueDefinition[]): Promise<void> {
  const boss = new PgBoss({
    ...(connectionSettings(url, ROLES.owner, 'install queue') as { connectionString: string; options: string }),
    schema: QUEUE_SCHEMA,
    max: 1,
    supervise: false,
    schedule: false,
  })
  await boss.start()
  try {
    for (const { name, heartbeatSeconds } of queues) {
      const options = {
        heartbeatSeconds,
        notify: true,
        retryLimit: REDELIVERIES,
        expireInSeconds: DAY_SECONDS - 1,
        retentionSeconds: 30 * DAY_SECONDS,
        deleteAfterSeconds: 3_600,
      }
      if (await boss.getQueue(name)) await boss.updateQueue(name, options)
      else await boss.createQueue(name, options)
    }
  } finally {
    await boss.stop({ graceful: false })
  }
  await grantUse(url)
}

async function grantUse(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`
      set role ${ROLES.owner};
      grant usage on schema ${QUEUE_SCHEMA} to ${ROLES.serving}, ${ROLES.system};
      grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to ${ROLES.system};
      grant usage on all sequences in schema ${QUEUE_SCHEMA} to ${ROLES.system};
      grant execute on all functions in schema ${QUEUE_SCHEMA} to ${ROLES.serving}, ${ROLES.system};
      grant select on ${QUEUE_SCHEMA}.queue to ${ROLES.serving};
      grant insert, select (id, start_after) on ${QUEUE_SCHEMA}.job, ${QUEUE_SCHEMA}.job_common to ${ROLES.serving}`)
  } finally {
    await client.end()
  }
}

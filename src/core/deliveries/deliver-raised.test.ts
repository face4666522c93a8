import type { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/harness/database.ts'
import { administer } from '../../../test/harness/server.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'

const db = testDatabase()
let tenants = 0

/** A tenant with one channel that is told of everything; the statements run as the serving role of that tenant. */
async function tenantWithChannel(client: Client) {
  tenants += 1
  const tenant = `tenant_${tenants}`
  await client.query('insert into tenants (tenant_id, name) values ($1, $1)', [tenant])
  await client.query('delete from channels where tenant_id = $1', [tenant])
  const { rows } = await client.query(
    `with made as (
       insert into channels (tenant_id, kind, name, created_by) values ($1, 'slack', 'ours', 'test') returning tenant_id, channel_id
     ), told as (insert into subscriptions (tenant_id, channel_id, created_by) select tenant_id, channel_id, 'test' from made)
     select channel_id from made`,
    [tenant],
  )
  return { tenant, channel: rows[0].channel_id as string }
}

const beginAs = (tenant: string) =>
  `begin; set local role signalbox_serving; set local signalbox.tenant_id = '${tenant}'`
const raise = (client: Client, tenant: string, key: string) =>
  client.query(
    `insert into signals (tenant_id, kind, subject, severity, title, dedupe_key) values ($1, 'test', $2, 'info', 't', $2)`,
    [tenant, key],
  )
const DELETE = 'delete from channels where channel_id = $1'
const left = async (client: Client, tenant: string) =>
  (
    await client.query(
      `select (select count(*)::int from channels where tenant_id = $1) as channels,
         (select count(*)::int from signals where tenant_id = $1) as signals,
         (select count(*)::int from deliveries where tenant_id = $1) as deliveries,
         (select count(*)::int from delivery_attempts where tenant_id = $1) as attempts`,
      [tenant],
    )
  ).rows[0]
const waitsForLock = (client: Client) =>
  waitFor('nobody waited', async () => {
    const { rows } = await client.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  })

describe('a channel that is deleted', () => {
  it('takes its deliveries and their attempts with it, and no other’s', async () => {
    await administer(db.url, async (client) => {
      const [ours, theirs] = [await tenantWithChannel(client), await tenantWithChannel(client)]
      for (const { tenant } of [ours, theirs]) {
        await client.query(beginAs(tenant))
        await raise(client, tenant, 'one')
        await client.query('commit')
        await client.query(
          `insert into delivery_attempts (tenant_id, delivery_id, attempt) select tenant_id, delivery_id, 1 from deliveries where tenant_id = $1`,
          [tenant],
        )
      }
      await client.query(beginAs(ours.tenant))
      await client.query(DELETE, [ours.channel])
      await client.query('commit')
      expect(await left(client, ours.tenant)).toEqual({ channels: 0, signals: 1, deliveries: 0, attempts: 0 })
      expect(await left(client, theirs.tenant)).toEqual({ channels: 1, signals: 1, deliveries: 1, attempts: 1 })
    })
  })

  it.each(['raised first', 'deleted first'])(
    'leaves no delivery behind when a signal is raised meanwhile: %s',
    async (order) => {
      await administer(db.url, (first) =>
        administer(db.url, (second) =>
          administer(db.url, async (watcher) => {
            const { tenant, channel } = await tenantWithChannel(watcher)
            const raising = (client: Client) => raise(client, tenant, 'one')
            const deleting = (client: Client) => client.query(DELETE, [channel])
            const [before, after] = order === 'raised first' ? [raising, deleting] : [deleting, raising]
            await first.query(beginAs(tenant))
            await before(first)
            await second.query(beginAs(tenant))
            const waiting = after(second)
            await waitsForLock(watcher)
            await first.query('commit')
            await waiting
            await second.query('commit')
            expect(await left(watcher, tenant)).toEqual({ channels: 0, signals: 1, deliveries: 0, attempts: 0 })
          }),
        ),
      )
    },
  )
})

import { sql } from 'kysely'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'

/** What belongs to no tenant. */
export const NO_TENANT = ''

export type PostedMail = {
  tenantId: TenantId | typeof NO_TENANT
  mailId: string
  kind: string
  about: unknown
  attempts: number
  isOver: boolean
}

export async function insertMail(
  tx: Tx | SystemTx,
  mail: { tenantId: TenantId | typeof NO_TENANT; kind: string; about: unknown; keptSeconds: number },
): Promise<void> {
  await sql`
    insert into mails (tenant_id, kind, about, expires_at)
    values (${mail.tenantId}, ${mail.kind}, ${JSON.stringify(mail.about)}, now() + ${mail.keptSeconds} * interval '1 second')`.execute(
    tx,
  )
}

/** Takes what is due, of these kinds; nobody else takes it for as long as `leaseSeconds`. */
export async function claimMails(
  tx: SystemTx,
  options: { kinds: readonly string[]; most: number; leaseSeconds: number },
): Promise<PostedMail[]> {
  const { rows } = await sql<PostedMail>`
    update mails set attempts = attempts + 1, due_at = now() + ${options.leaseSeconds} * interval '1 second'
    where (tenant_id, mail_id) in (
      select tenant_id, mail_id from mails where due_at <= now() and kind = any(${options.kinds})
      order by due_at limit ${options.most} for update skip locked)
    returning tenant_id as "tenantId", mail_id as "mailId", kind, about, attempts, expires_at <= now() as "isOver"`.execute(
    tx,
  )
  return rows
}

type Named = Pick<PostedMail, 'tenantId' | 'mailId'>

export async function deleteMail(tx: SystemTx, { tenantId, mailId }: Named): Promise<void> {
  await sql`delete from mails where tenant_id = ${tenantId} and mail_id = ${mailId}`.execute(tx)
}

export async function postponeMail(tx: SystemTx, { tenantId, mailId }: Named, seconds: number): Promise<void> {
  await sql`
    update mails set due_at = now() + ${seconds} * interval '1 second'
    where tenant_id = ${tenantId} and mail_id = ${mailId}`.execute(tx)
}

export async function countMails(tx: SystemTx): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from mails`.execute(tx)
  return rows[0]?.count ?? 0
}

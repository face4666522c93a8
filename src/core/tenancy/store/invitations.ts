import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { TenantRole } from '../roles.ts'

export type Invitation = {
  invitationId: string
  email: string
  role: TenantRole
  invitedBy: string
  createdAt: Date
  expiresAt: Date
  acceptedAt: Date | null
  revokedAt: Date | null
  /** Whether the token goes to the address alone; else whoever invites hands it over. */
  isMailed: boolean
}

const COLUMNS = [
  'invitation_id',
  'email',
  'role',
  'invited_by',
  'created_at',
  'expires_at',
  'accepted_at',
  'revoked_at',
  'is_mailed',
] as const

export async function insertInvitation(
  tx: Tx,
  invitation: Pick<Invitation, 'email' | 'role' | 'invitedBy' | 'expiresAt' | 'isMailed'> & {
    tenantId: TenantId
    tokenHash: Buffer
  },
): Promise<Invitation> {
  const row = await tx
    .insertInto('invitations')
    .values({
      tenant_id: invitation.tenantId,
      email: invitation.email,
      role: invitation.role,
      token_hash: invitation.tokenHash,
      invited_by: invitation.invitedBy,
      expires_at: invitation.expiresAt,
      is_mailed: invitation.isMailed,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
  return toInvitation(row)
}

/** The invitation with this token, whatever became of it. */
export async function findInvitation(
  tx: SystemTx,
  tokenHash: Buffer,
): Promise<(Invitation & { tenantId: TenantId }) | null> {
  const row = await tx
    .selectFrom('invitations')
    .select([...COLUMNS, 'tenant_id'])
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  return row ? { ...toInvitation(row), tenantId: row.tenant_id as TenantId } : null
}

/** Uses the invitation up. One statement: of two that come at once, the second finds it used and gets null. */
export async function claimInvitation(
  tx: Tx,
  claim: { invitationId: string; personId: string },
): Promise<{ role: TenantRole } | null> {
  const row = await tx
    .updateTable('invitations')
    .set({ accepted_at: sql`now()`, accepted_by: claim.personId })
    .where('invitation_id', '=', claim.invitationId)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning('role')
    .executeTakeFirst()
  return row ? { role: row.role as TenantRole } : null
}

/** The token that goes out by mail, and from now on the only one; null when the invitation is not open any more. */
export async function renewInvitationToken(
  tx: Tx,
  invitationId: string,
  tokenHash: Buffer,
): Promise<{ email: string; role: TenantRole } | null> {
  const row = await tx
    .updateTable('invitations')
    .set({ token_hash: tokenHash })
    .where('invitation_id', '=', invitationId)
    .where('is_mailed', '=', true)
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning(['email', 'role'])
    .executeTakeFirst()
  return row ? { email: row.email, role: row.role as TenantRole } : null
}

/** Invitations after `after` in the order they were made, one more than `limit`. */
export async function selectInvitations(
  tx: Tx,
  page: { after?: string | undefined; limit: number },
): Promise<Invitation[]> {
  const rows = await tx
    .selectFrom('invitations')
    .select(COLUMNS)
    .$if(page.after !== undefined, (query) => query.where('invitation_id', '>', page.after ?? ''))
    .orderBy('invitation_id')
    .limit(page.limit + 1)
    .execute()
  return rows.map(toInvitation)
}

/** Revokes the invitation unless it was accepted; answers how it stood before, or null when there is none. */
export async function revokeInvitation(
  tx: Tx,
  invitationId: string,
): Promise<{ acceptedAt: Date | null; revokedAt: Date | null } | null> {
  const { rows } = await sql<{ accepted_at: Date | null; revoked_at: Date | null }>`
    update invitations
    set revoked_at = case when accepted_at is null then coalesce(revoked_at, now()) end
    where invitation_id = ${invitationId}
    returning old.accepted_at, old.revoked_at`.execute(tx)
  const before = rows[0]
  return before ? { acceptedAt: before.accepted_at, revokedAt: before.revoked_at } : null
}

const revokingOpen = (tx: Tx) =>
  tx
    .updateTable('invitations')
    .set({ revoked_at: sql`now()` })
    .where('accepted_at', 'is', null)
    .where('revoked_at', 'is', null)

export async function revokeInvitationsTo(tx: Tx, email: string): Promise<void> {
  await revokingOpen(tx).where('email', '=', email).execute()
}

/** Revokes what a person, or a key that they answer for, has invited to these roles and nobody has accepted. */
export async function revokeInvitationsBy(tx: Tx, personId: string, roles: readonly TenantRole[]): Promise<void> {
  await revokingOpen(tx)
    .where('role', '=', sql<string>`any(${roles})`)
    .where((invitation) =>
      invitation.or([
        invitation('invited_by', '=', `person:${personId}`),
        invitation(
          'invited_by',
          'in',
          invitation
            .selectFrom('api_keys')
            .select(sql<string>`'key:' || api_key_id`.as('caller'))
            .where('person_id', '=', personId),
        ),
      ]),
    )
    .execute()
}

function toInvitation(row: {
  invitation_id: string
  email: string
  role: string
  invited_by: string
  created_at: Date
  expires_at: Date
  accepted_at: Date | null
  revoked_at: Date | null
  is_mailed: boolean
}): Invitation {
  return {
    invitationId: row.invitation_id,
    email: row.email,
    role: row.role as TenantRole,
    invitedBy: row.invited_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    acceptedAt: row.accepted_at,
    revokedAt: row.revoked_at,
    isMailed: row.is_mailed,
  }
}

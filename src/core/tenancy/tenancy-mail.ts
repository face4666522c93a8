import { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database, SystemTx, Tx } from '../../platform/database/index.ts'
import { type MailApi, NO_TENANT } from '../mail/index.ts'
import type { Identity } from './identity.ts'
import { INVITATION_DAYS } from './invitation-status.ts'
import { invitationLetter, NOTICES, type Notice, noticeLetter, proofLetter, resetLetter } from './letter-texts.ts'
import { INVITATION_PREFIX, makeSecret, PROOF_PREFIX, RESET_PREFIX } from './secrets.ts'
import { renewInvitationToken } from './store/invitations.ts'

export const RESET_MINUTES = 60
export const PROOF_HOURS = 24
const DAY_SECONDS = 86_400

export type TenancyMail = ReturnType<typeof openTenancyMail>

/** What this module tells people by mail. Tokens are made when a mail is written: none lies in the database but as its hash. */
export function openTenancyMail(dependencies: {
  mail: Pick<MailApi, 'send' | 'declare' | 'declareAction'>
  database: Database
  identity: Pick<Identity, 'findByEmail' | 'findByIds' | 'renewToken'>
}) {
  const { mail, database, identity } = dependencies
  const password = { name: 'new_password', label: 'New password (12 characters or more)', type: 'password' } as const
  const resetLink = mail.declareAction({
    ...{ name: 'reset-password', title: 'Set a new password', path: '/auth/reset-password', button: 'Set password' },
    fields: [{ ...password, autocomplete: 'new-password' }],
    done: 'Your password is set. Sign in with it; all your sessions have ended.',
  })
  const invitationLink = mail.declareAction({
    ...{ name: 'accept-invitation', title: 'Accept the invitation', path: '/invitations/accept', button: 'Accept' },
    fields: [
      { name: 'name', label: 'Your name', type: 'text', autocomplete: 'name' },
      {
        name: 'password',
        label: 'Password: of your account, or a new one (12 characters or more)',
        type: 'password',
        autocomplete: 'current-password',
      },
    ],
    done: 'You are a member now. Sign in with this address and your password.',
  })
  const proofLink = mail.declareAction({
    ...{ name: 'confirm-own-address', title: 'Confirm your address', path: '/auth/confirm-address', button: 'Confirm' },
    ...{ fields: [], done: 'Thank you. Your address is confirmed.' },
  })

  const postReset = mail.declare({
    ...{ kind: 'tenancy.reset_password', about: z.object({ email: z.string() }), keptSeconds: RESET_MINUTES * 60 },
    // Whether there is such an account is found out here and not while somebody waits for an answer.
    write: async ({ email }) => {
      const person = await identity.findByEmail(email)
      if (!person) return null
      const { secret, hash } = makeSecret(RESET_PREFIX)
      await identity.renewToken({
        personId: person.personId,
        purpose: 'reset_password',
        hash,
        validSeconds: RESET_MINUTES * 60,
      })
      return { to: [person.email], ...resetLetter(resetLink(secret), RESET_MINUTES) }
    },
  })

  const postInvitation = mail.declare({
    ...{ kind: 'tenancy.invitation', about: z.object({ invitation_id: z.uuid() }), keptSeconds: 3 * DAY_SECONDS },
    write: async ({ invitation_id: invitationId }, tenantId) => {
      if (tenantId === NO_TENANT) return null
      const { secret, hash } = makeSecret(INVITATION_PREFIX)
      const open = await database.withTenant(tenantId, (tx) => renewInvitationToken(tx, invitationId, hash))
      if (!open) return null
      const text = invitationLetter(invitationLink(secret), { tenantId, role: open.role, days: INVITATION_DAYS })
      return { to: [open.email], ...text }
    },
  })

  const postProof = mail.declare({
    ...{ kind: 'tenancy.prove_address', about: z.object({ person_id: z.uuid() }), keptSeconds: DAY_SECONDS },
    write: async ({ person_id: personId }) => {
      const person = (await identity.findByIds([personId])).get(personId)
      if (!person || person.isProven) return null
      const { secret, hash } = makeSecret(PROOF_PREFIX)
      await identity.renewToken({ personId, purpose: 'prove_address', hash, validSeconds: PROOF_HOURS * 3_600 })
      return { to: [person.email], ...proofLetter(proofLink(secret), PROOF_HOURS) }
    },
  })

  const postNotice = mail.declare({
    ...{
      kind: 'tenancy.notice',
      about: z.object({ person_id: z.uuid(), notice: z.enum(NOTICES) }),
      keptSeconds: DAY_SECONDS,
    },
    write: async ({ person_id: personId, notice }) => {
      const person = (await identity.findByIds([personId])).get(personId)
      return person ? { to: [person.email], ...noticeLetter(notice) } : null
    },
  })

  const why = 'a person belongs to no tenant'
  return {
    /** Whether the operator has set up a mail server: only then is anything sent. */
    isSetUp: mail.send !== undefined,
    resetLink,
    invitationLink,
    /** Does the same, and as much, whether or not there is an account. */
    askForReset: (email: string): Promise<void> =>
      database.acrossTenants(why, (tx: SystemTx) => postReset(tx, NO_TENANT, { email })),
    invite: (tx: Tx, tenantId: TenantId, invitationId: string): Promise<void> =>
      postInvitation(tx, tenantId, { invitation_id: invitationId }),
    askForProof: (personId: string): Promise<void> =>
      database.acrossTenants(why, (tx: SystemTx) => postProof(tx, NO_TENANT, { person_id: personId })),
    /** Tells a person what was done to their account, when mail is set up. */
    tell: async (personId: string, notice: Notice): Promise<void> => {
      if (mail.send === undefined) return
      await database.acrossTenants(why, (tx: SystemTx) => postNotice(tx, NO_TENANT, { person_id: personId, notice }))
    },
  }
}

import type { Device, SignedIn } from './identity.ts'
import { type TenantOfPerson, tenantsOfPerson } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { passwordWrong, tryPassword } from './try-password.ts'

/**
 * Replaces a person's password. Whoever was signed in with the old one is not any more; the caller goes on with a new session.
 *
 * @throws tenancy.password_wrong, tenancy.too_many_attempts
 */
export async function changePassword(
  { database, identity, limit, mail }: Pick<TenancyContext, 'database' | 'identity' | 'limit' | 'mail'>,
  passwords: { currentPassword: string; newPassword: string },
  at: { personId: string; session: Headers; device: Device },
): Promise<SignedIn & { tenants: TenantOfPerson[] }> {
  const { personId, device } = at
  const email = (await identity.findByIds([personId])).get(personId)?.email ?? ''
  const change = () => identity.changePassword(passwords, at)
  const signedIn = await tryPassword(limit, { ...device, email }, change, passwordWrong)
  await mail.tell(personId, 'password_changed')
  const why = 'a person may belong to several tenants'
  const tenants = await database.readAcrossTenants(why, (tx) => tenantsOfPerson(tx, personId))
  return { ...signedIn, tenants }
}

import type { Database } from '../../platform/database/index.ts'
import type { AttemptLimit } from './attempt-limit.ts'
import type { Device, Identity, SignedIn } from './identity.ts'
import { type TenantOfPerson, tenantsOfPerson } from './store/memberships.ts'
import { tryPassword } from './try-password.ts'

/**
 * Opens a session for whoever knows the password.
 *
 * @throws tenancy.sign_in_refused, tenancy.too_many_attempts
 */
export async function signIn(
  { database, identity, limit }: { database: Database; identity: Identity; limit: AttemptLimit },
  credentials: { email: string; password: string },
  device: Device,
): Promise<SignedIn & { tenants: TenantOfPerson[] }> {
  const signedIn = await tryPassword(limit, { address: device.address, email: credentials.email }, () =>
    identity.signIn(credentials, device),
  )
  const tenants = await database.acrossTenants('a person may belong to several tenants', (tx) =>
    tenantsOfPerson(tx, signedIn.person.personId),
  )
  return { ...signedIn, tenants }
}

import type { Device, SignedIn } from './identity.ts'
import { deviceCookie, newDevice } from './known-device.ts'
import { type TenantOfPerson, tenantsOfPerson } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { tryPassword } from './try-password.ts'

/**
 * Opens a session for whoever knows the password, and knows the place again next time.
 *
 * @throws tenancy.sign_in_refused, tenancy.too_many_attempts
 */
export async function signIn(
  { database, identity, limit, isSecure }: Pick<TenancyContext, 'database' | 'identity' | 'limit' | 'isSecure'>,
  credentials: { email: string; password: string },
  device: Device,
): Promise<SignedIn & { tenants: TenantOfPerson[] }> {
  const signedIn = await tryPassword(limit, { ...device, email: credentials.email }, () =>
    identity.signIn(credentials, device),
  )
  const known = device.device ?? newDevice()
  await identity.becomeKnown(signedIn.person.personId, { address: device.address, device: known })
  const tenants = await database.acrossTenants('a person may belong to several tenants', (tx) =>
    tenantsOfPerson(tx, signedIn.person.personId),
  )
  return { ...signedIn, setCookie: [...signedIn.setCookie, deviceCookie(known, isSecure)], tenants }
}

import { tenancyFault } from './faults.ts'
import type { Identity, Person } from './identity.ts'

/** Makes, for the operator, who vouches for the address, a person who can sign in and belongs to no tenant yet. Throws `tenancy.person_exists` when the e-mail has an account. */
export async function createPerson(
  identity: Identity,
  person: { name: string; email: string; password: string },
): Promise<Person> {
  const made = await identity.createPerson({ ...person, isProven: true })
  if (made) return made
  throw tenancyFault('tenancy.person_exists', {
    public: 'This e-mail address has an account already. Sign in with it instead.',
    internal: 'the e-mail address has an account',
  })
}

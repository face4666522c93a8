import { tenancyFault } from './faults.ts'

/** Throws `tenancy.last_owner` when taking this person away would leave the tenant without an owner. */
export function demandOtherOwner(owners: readonly string[], personId: string): void {
  if (owners.length !== 1 || owners[0] !== personId) return
  throw tenancyFault('tenancy.last_owner', {
    public: 'This is the last owner of the tenant. Make somebody else an owner first.',
    internal: `person ${personId} is the last owner`,
  })
}

/** Throws `tenancy.member_not_found` when there was no such member. */
export function demandMember<T>(found: T | null, personId: string): T {
  if (found !== null) return found
  throw tenancyFault('tenancy.member_not_found', {
    public: 'There is no such member in this tenant.',
    internal: `person ${personId} is no member`,
  })
}

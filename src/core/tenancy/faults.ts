import { declareFaults } from '../../kernel/faults.ts'

export const tenancyFault = declareFaults({
  'tenancy.tenant_exists': 409,
  'tenancy.person_exists': 409,
  'tenancy.sign_in_refused': 401,
  'tenancy.password_wrong': 403,
  'tenancy.session_not_found': 404,
  'tenancy.person_not_found': 404,
  'tenancy.mail_not_set_up': 409,
  'tenancy.too_many_mails': 429,
  'tenancy.token_gone': 410,
  'tenancy.address_not_proven': 409,
  'tenancy.too_many_attempts': 429,
  'tenancy.beyond_own_permissions': 403,
  'tenancy.already_member': 409,
  'tenancy.member_not_found': 404,
  'tenancy.last_owner': 409,
  'tenancy.invitation_not_found': 404,
  'tenancy.invitation_gone': 410,
  'tenancy.api_key_not_found': 404,
})

import type { RetentionByTable } from '../../platform/upkeep/index.ts'

const OF_A_PERSON = 'People remove their account or are removed; nothing of it grows by itself.'

/** What becomes of people, their sessions and what lets them in. */
export const tenancyRetention: RetentionByTable = {
  tenants: { becomes: 'kept', what: 'tenants', why: 'Made by the operator alone.' },
  memberships: { becomes: 'kept', what: 'who belongs to a tenant', why: 'One row for each person of a tenant.' },
  invitations: {
    becomes: 'removed',
    what: 'invitations that were accepted, revoked or have expired',
    why: 'Who invited whom stands in the audit log; this is for those who ask why a link does not work.',
    days: 90,
    since: 'coalesce(accepted_at, revoked_at, expires_at)',
    scope: { of: 'tenant', least: 7, most: 730, id: 'invitation_id', found: 'id' },
  },
  api_keys: {
    becomes: 'removed',
    what: 'API keys that were revoked or have expired',
    why: 'Lines of the audit log name the key that did it; for a year its name can be looked up.',
    days: 365,
    since: 'least(revoked_at, expires_at)',
    scope: { of: 'tenant', least: 30, most: 3_650, id: 'api_key_id', found: 'id' },
  },
  token_families: {
    becomes: 'removed',
    what: 'what was exchanged for tokens, since its last refresh token ended',
    why: 'It lets nobody in.',
    days: 1,
    since: 'expires_at',
    scope: { of: 'all', key: ['tenant_id', 'family_id'] },
  },
  'identity.signing_key': {
    becomes: 'removed by',
    step: 'identity.signing_key',
    what: 'keys whose last tokens are over',
    why: 'They sign nothing, and there is nothing left to check with them.',
  },
  'identity.user': { becomes: 'kept', what: 'people', why: OF_A_PERSON },
  'identity.account': { becomes: 'kept', what: 'their passwords', why: OF_A_PERSON },
  'identity.two_factor': { becomes: 'kept', what: 'secrets of their authenticator apps', why: OF_A_PERSON },
  'identity.session': {
    becomes: 'removed by',
    step: 'identity.session',
    what: 'sessions that are over',
    why: 'They let nobody in.',
  },
  'identity.one_time_token': {
    becomes: 'removed by',
    step: 'identity.one_time_token',
    what: 'links to set a password or prove an address that have expired',
    why: 'They open nothing any more.',
  },
  'identity.known_device': {
    becomes: 'removed by',
    step: 'identity.known_device',
    what: 'places where somebody has signed in, since they last did',
    why: 'Half a year without a sign-in there: it is as strange as any other place.',
    days: 180,
  },
  'identity.verification': {
    becomes: 'removed by',
    step: 'identity.verification',
    what: 'links and codes that have expired',
    why: 'They prove nothing any more.',
  },
}

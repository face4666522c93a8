import { z } from 'zod'
import { type Route, reply, TenantQuery, tenantRoute } from '../../platform/http/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { recordAudit } from '../audit/index.ts'
import { requestFault } from './faults.ts'
import { SecretName, secretContext } from './secret.ts'
import { listSecrets, removeSecret, SECRETS_MAX, type SecretRow, saveSecret } from './store.ts'

const SecretView = z
  .object({
    name: z.string(),
    host: z.string(),
    created_by: z.string(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'RequestSecret', description: 'A secret that requests carry; what it is, is never shown' })

const presentSecret = ({ created_at, updated_at, ...rest }: SecretRow): z.output<typeof SecretView> => ({
  ...rest,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
})

const inTenant = { tag: 'Requests', tenant: 'query', query: z.strictObject(TenantQuery) } as const
const named = { ...inTenant, params: z.strictObject({ name: SecretName }) } as const

/** The secrets of requests: written, listed by name, removed, never read back. */
export const secretRoutes = (sealer: Sealer): Route[] => [
  tenantRoute({
    ...inTenant,
    operationId: 'listRequestSecrets',
    method: 'GET',
    path: '/request-secrets',
    summary: 'List the secrets that requests can carry, by name',
    access: 'request_secret.manage',
    responses: { 200: z.object({ secrets: z.array(SecretView) }) },
    handle: async ({ tx }) => reply(200, { secrets: (await listSecrets(tx)).map(presentSecret) }),
  }),
  tenantRoute({
    ...inTenant,
    operationId: 'saveRequestSecret',
    method: 'PUT',
    path: '/request-secrets',
    summary: 'Write a secret for requests to one host, in place of the one of that name',
    access: 'request_secret.manage',
    body: z.strictObject({
      name: SecretName,
      value: z.string().min(1).max(4_096).meta({ description: 'What a header will be, e.g. `Bearer …`' }),
      host: z
        .string()
        .min(1)
        .max(300)
        .toLowerCase()
        .meta({ description: 'As in the URL, with its port when it has one' }),
    }),
    responses: { 204: z.undefined() },
    handle: async ({ tx, tenantId, caller, body: { name, value, host } }) => {
      const sealed = sealer.seal(value, secretContext(tenantId, name, host))
      const isSaved = await saveSecret(tx, { name, host, sealed, createdBy: caller.id })
      if (!isSaved) {
        throw requestFault('requests.too_many_secrets', {
          public: `A tenant has ${SECRETS_MAX} secrets at the most. Remove one that nothing uses.`,
          internal: 'one secret too many',
        })
      }
      const subject = `request_secret:${name}`
      await recordAudit(tx, { tenantId, actor: caller.id, action: 'request_secret.save', subject, details: { host } })
      return reply(204)
    },
  }),
  tenantRoute({
    ...named,
    operationId: 'removeRequestSecret',
    method: 'DELETE',
    path: '/request-secrets/:name',
    summary: 'Remove a secret; requests that name it fail',
    access: 'request_secret.manage',
    responses: { 204: z.undefined() },
    handle: async ({ tx, tenantId, caller, params: { name } }) => {
      if (!(await removeSecret(tx, name))) {
        throw requestFault('requests.secret_not_found', {
          public: `There is no secret named ${name}.`,
          internal: 'no such secret in the tenant',
        })
      }
      await recordAudit(tx, {
        ...{ tenantId, actor: caller.id, action: 'request_secret.remove', subject: `request_secret:${name}` },
      })
      return reply(204)
    },
  }),
]

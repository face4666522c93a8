import { defineModule } from '../../platform/module/index.ts'
import { auditModule } from '../audit/index.ts'
import { tasksModule } from '../tasks/index.ts'
import { httpRequest } from './http-request.ts'
import { secretRoutes } from './routes.ts'

/** HTTP requests that tenants have sent for them, as tasks, and the secrets that those carry. */
export const requestsModule = defineModule({
  name: 'core/requests',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'request.send': 'manager', 'request_secret.manage': 'owner' },
  retention: {
    request_secrets: {
      becomes: 'kept',
      what: 'secrets that requests carry',
      why: 'What people have set up, until they remove it; a tenant has a limited number.',
    },
  },
  needs: { audit: auditModule, tasks: tasksModule },
  open: ({ database, sealer, openOutbound }) => ({
    api: undefined,
    routes: secretRoutes(sealer),
    kinds: [httpRequest({ database, sealer, outbound: openOutbound() })],
  }),
})

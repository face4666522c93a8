import { z } from 'zod'
import { type HealthCheck, healthCheck } from '../../platform/health/index.ts'
import type { CircuitBreaker } from '../../platform/resilience/index.ts'

/** What the circuit of the endpoint says that all tenants share. */
export const notifyCheck = (breaker: CircuitBreaker): HealthCheck =>
  healthCheck({
    name: 'notify',
    critical: false,
    about:
      'The notification endpoint, as its circuit breaker knows it without calling it. Failing: the circuit is open. Degraded: it is being tried. Deliveries wait meanwhile and none is lost.',
    fields: { state: z.enum(['closed', 'open', 'half_open']) },
    probe: async (database) => {
      const [circuit] = await database.acrossTenants('all tenants share the endpoint', (tx) =>
        breaker.read(tx, ['notify']),
      )
      const state = circuit?.state ?? 'closed'
      return { status: ({ closed: 'ok', open: 'failing', half_open: 'degraded' } as const)[state], state }
    },
  })

import type { FastifyInstance } from 'fastify'
import { httpFault } from './faults.ts'

/**
 * While too many wait for a connection, refuses requests below `prefix` before anything is done for them: in a queue without
 * end everybody would be answered too late, and memory would grow with it. What stands elsewhere (health, metrics) is
 * answered all the same.
 *
 * The delay of the event loop is not looked at. A process without enough of the processor fills this queue too, and one
 * whose machine stood still for a second would refuse what it can answer.
 */
export function refuseOverload(app: FastifyInstance, prefix: string, isOverloaded: () => boolean): void {
  app.addHook('onRequest', async (request) => {
    if (!request.routeOptions.url?.startsWith(prefix) || !isOverloaded()) return
    throw httpFault('http.overloaded', {
      public:
        'The service has more to do than it can at the moment, and has not begun with your request. Send it again.',
      internal: 'too many requests wait for a database connection',
      headers: { 'retry-after': '1' },
    })
  })
}

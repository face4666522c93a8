import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Flow, openAdmission } from './admission.ts'
import { httpFault } from './faults.ts'
import { type KnownCallers, STRANGERS } from './known-callers.ts'
import { paceRefusals } from './pace-refusals.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of requests to the API: whose it is counted as. */
    flow?: Flow
    /** Whether many requests with the same credentials are under way. */
    isInCrowd?: boolean
    /** It is not under way any more, although its answer may go on. */
    leaveCrowd?: () => void
    /** Its credentials hold: who came as a stranger is counted as whom they belong to from now on. */
    isNoStranger?: () => Promise<void>
  }
}

/** More requests with the same credentials than a page of the console makes at once. */
const CROWD = 8

/**
 * Lets a request below `prefix` in, or refuses it before anything is done for it, when too many of the same tenant or key
 * are under way: in a queue without end everybody would be answered too late, and memory would grow with it. What others do
 * does not count. What stands elsewhere (health, metrics) is answered all the same.
 *
 * The delay of the event loop is not looked at. A process without enough of the processor fills this queue too, and one
 * whose machine stood still for a second would refuse what it can answer.
 */
export function refuseOverload(
  app: FastifyInstance,
  prefix: string,
  { connections, callers }: { connections: number; callers: KnownCallers },
): void {
  const admission = openAdmission(connections)
  const pace = paceRefusals()
  for (const name of ['flow', 'isInCrowd', 'leaveCrowd', 'isNoStranger']) app.decorateRequest(name)
  const letIn = async (request: FastifyRequest, flow: Flow) => {
    const leave = admission.admit(flow)
    if (!leave) {
      await pace(flow.tenant, request.gone)
      throw tooMany()
    }
    request.flow = flow
    request.isInCrowd = admission.underWay(flow) > CROWD
    request.leaveCrowd = leave
  }
  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.url?.startsWith(prefix)) return
    reply.raw.once('close', () => request.leaveCrowd?.())
    await letIn(request, callers.flowOf(request))
    request.isNoStranger = async () => {
      if (request.flow?.tenant !== STRANGERS) return
      request.leaveCrowd?.()
      await letIn(request, callers.flowOf(request))
    }
  })
}

const tooMany = () =>
  httpFault('http.overloaded', {
    public:
      'More of your requests are under way than this process takes from one tenant at a time. It has not begun with this one: wait for answers, and send it again.',
    internal: 'too many requests of one tenant or key are under way',
    headers: { 'retry-after': '1' },
  })

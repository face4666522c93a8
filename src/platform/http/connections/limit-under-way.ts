import type { FastifyInstance } from 'fastify'
import { networkOf } from './network-of.ts'

/** Refuses requests of an address that has as many under way as it may: behind a proxy, what connections are without one. */
export function limitUnderWay(app: FastifyInstance, perAddress: number, refuse: () => Error): void {
  const underWay = new Map<string, number>()
  app.addHook('onRequest', async (request, reply) => {
    const address = networkOf(request.ip)
    const others = underWay.get(address) ?? 0
    if (others >= perAddress) throw refuse()
    underWay.set(address, others + 1)
    reply.raw.once('close', () => {
      const left = (underWay.get(address) ?? 1) - 1
      if (left > 0) underWay.set(address, left)
      else underWay.delete(address)
    })
  })
}

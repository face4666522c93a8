import type { FastifyRequest } from 'fastify'

/** What a request came with as `Authorization: Bearer …`. */
export const bearerOf = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]

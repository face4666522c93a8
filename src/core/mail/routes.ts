import { z } from 'zod'
import { platformRoute, type Route, reply } from '../../platform/http/index.ts'
import type { Links } from './links.ts'

export function mailRoutes(links: Links): Route[] {
  let made: ReturnType<Links['page']> | undefined
  return [
    platformRoute({
      operationId: 'showLinkPage',
      method: 'GET',
      path: '/link',
      summary: 'The page that links in mails lead to',
      tag: 'Operations',
      access: 'public',
      responses: { 200: z.string() },
      handle: async () => {
        // Not before all modules are open, each of which adds what its mails ask for.
        made ??= links.page()
        return reply(200, made.html, made.headers)
      },
    }),
  ]
}

import type { Route } from './route.ts'

/** Where the documentation stands and where the console will: a path of the API that began so would hide it, or be hidden. */
const TAKEN = ['app', 'docs', 'openapi.json', 'api']

const firstSegment = (path: string) => /^\/([^/?:]*)/.exec(path)?.[1] ?? ''

/**
 * Every path of the API also answers without its prefix: the specification names them so. Made from the routes themselves,
 * so that none is forgotten; throws when one begins like something that stands at the root.
 */
export function pathRewriter(
  prefix: string,
  routes: readonly Pick<Route, 'path'>[],
  rootRoutes: readonly Pick<Route, 'path'>[],
): (url: string) => string {
  const atRoot = new Set([...TAKEN, ...rootRoutes.map(({ path }) => firstSegment(path))])
  const ofApi = new Set(routes.map(({ path }) => firstSegment(path)))
  for (const name of ofApi) {
    if (atRoot.has(name)) throw new Error(`/${name} of the API would hide what stands there without ${prefix}.`)
  }
  return (url) => (ofApi.has(firstSegment(url)) ? prefix + url : url)
}

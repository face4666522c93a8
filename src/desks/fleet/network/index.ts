import { actionsModule } from '../../../core/actions/index.ts'
import { clocksModule } from '../../../core/clocks/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { resourcesModule } from '../resources/index.ts'
import { networkActions } from './actions.ts'
import { networkRoutes } from './routes.ts'

export { type PathStop, type RouteRow, requirePath, requireRoute, routesBetween, stopsOfPath } from './store.ts'

const why = 'What people have set up, until they remove it.'

/** Where trips go: stops, paths through them, and routes that are driven at a time on the days of a calendar. */
export const networkModule = defineModule({
  name: 'desks/fleet/network',
  migrations: new URL('./migrations/', import.meta.url),
  needs: { actions: actionsModule, clocks: clocksModule, resources: resourcesModule },
  retention: {
    stops: { becomes: 'kept', what: 'stops', why },
    paths: { becomes: 'kept', what: 'paths', why },
    path_stops: { becomes: 'kept', what: 'the stops of paths', why },
    routes: { becomes: 'kept', what: 'routes', why },
  },
  open: () => ({ api: undefined, routes: networkRoutes(), actions: networkActions }),
})

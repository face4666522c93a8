export { ROUTES, type Route } from './catalogue.ts'
export { CONFIDENCE_MIN, chooseRoute, type FoundSignal, type RouteShare, type Routing } from './choose-route.ts'

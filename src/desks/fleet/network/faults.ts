import { declareFaults } from '../../../kernel/faults.ts'

export const networkFault = declareFaults({
  'network.stop_not_found': 404,
  'network.path_not_found': 404,
  'network.route_not_found': 404,
  'network.calendar_not_found': 404,
  'network.name_taken': 409,
  'network.still_used': 409,
  'network.stop_inactive': 409,
})

export const notFound = (what: 'stop' | 'path' | 'route') =>
  networkFault(`network.${what}_not_found`, {
    public: `This tenant has no ${what} with this id.`,
    internal: `no such ${what} in the tenant`,
  })

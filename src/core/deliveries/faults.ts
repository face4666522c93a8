import { declareFaults } from '../../kernel/faults.ts'

export const deliveryFault = declareFaults({
  'deliveries.not_found': 404,
  'deliveries.not_ended': 409,
  'deliveries.circuit_not_found': 404,
})

export const deliveryNotFound = () =>
  deliveryFault('deliveries.not_found', {
    public: 'There is no such delivery, or it belongs to a tenant you are not a member of.',
    internal: 'no delivery with that id in the caller’s tenants',
  })

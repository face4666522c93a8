import { declareFaults } from '../../../kernel/faults.ts'

export const connectorFault = declareFaults({
  'connectors.not_found': 404,
  'connectors.name_taken': 409,
  'connectors.name_of_another_account': 409,
  'connectors.check_refused': 422,
  'connectors.check_failed': 502,
  'connectors.credentials_unreadable': 409,
})

export const connectorNotFound = () =>
  connectorFault('connectors.not_found', {
    public: 'This tenant has no connector with this id.',
    internal: 'no such connector in the tenant',
  })

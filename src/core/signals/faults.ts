import { declareFaults } from '../../kernel/faults.ts'

export const signalFault = declareFaults({
  'signals.not_found': 404,
  'signals.already_resolved': 409,
})

export const signalNotFound = () =>
  signalFault('signals.not_found', {
    public: 'There is no such signal, or it belongs to a tenant you are not a member of.',
    internal: 'no signal with that id in the caller’s tenants',
  })

export const alreadyResolved = (wish: string) =>
  signalFault('signals.already_resolved', {
    public: `The signal is resolved, so there is nothing to ${wish}. When its cause is back, there is a new signal.`,
    internal: `${wish} of a signal that is resolved`,
  })

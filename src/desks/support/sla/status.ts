import type { SlaStatus } from '../tickets/index.ts'

/**
 * Where a ticket may go from each status; staying is always allowed. Only the desk's own routes are held to it: what a helpdesk says has
 * happened already.
 */
export const TRANSITIONS: Readonly<Record<SlaStatus, readonly SlaStatus[]>> = {
  open: ['in_progress', 'pending_customer', 'resolved', 'closed'],
  in_progress: ['pending_vendor', 'pending_customer', 'resolved'],
  pending_customer: ['in_progress', 'resolved', 'closed'],
  pending_vendor: ['in_progress', 'resolved'],
  // Back to open is how a ticket is reopened.
  resolved: ['closed', 'open'],
  closed: [],
}

/** Statuses in which the work is done. */
export const DONE: ReadonlySet<SlaStatus> = new Set(['resolved', 'closed'])

export const mayBecome = (from: SlaStatus, to: SlaStatus): boolean => from === to || TRANSITIONS[from].includes(to)

import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { PoliciesApi } from '../policies/index.ts'
import { type ClassifyTickets, lockTickets } from '../tickets/index.ts'
import { applyRows, judgeBatch } from './apply-rows.ts'
import { catchUp, type Recording } from './record-changes.ts'
import { readRow } from './ticket-row.ts'

const POLICY = `# The policy of the demo: what is urgent round the clock, questions in office hours.
defaults:
  pausing: [pending_customer, pending_vendor]
  warnings: [15%]
  escalations:
    - { level: 1, after: PT1M, roles: [manager] }
    - { level: 2, after: PT30M, roles: [owner] }
tier_multipliers: { enterprise: 0.5, business: 0.75, standard: 1, free: 1.5 }
calendars:
  Office with a lunch break:
    zone: Europe/Berlin
    weekly:
      mon: [{ start: '08:30', end: '12:30' }, { start: '13:15', end: '17:30' }]
      tue: [{ start: '08:30', end: '12:30' }, { start: '13:15', end: '17:30' }]
      wed: [{ start: '08:30', end: '12:30' }, { start: '13:15', end: '17:30' }]
      thu: [{ start: '08:30', end: '12:30' }, { start: '13:15', end: '17:30' }]
      fri: [{ start: '08:30', end: '12:30' }, { start: '13:15', end: '16:00' }]
rules:
  - name: critical
    when: { priority: critical }
    targets: { first_response: 15, next_response: 30, resolution: 240 }
  - name: high
    when: { priority: high }
    targets: { first_response: 60, next_response: 120, resolution: 480 }
  - name: questions
    targets:
      first_response: { within: 240, calendar: Office with a lunch break }
      next_response: { within: 240, calendar: Office with a lunch break }
      resolution: { within: 1440, calendar: Office with a lunch break }
`

type Ago = (minutes: number) => string

const opened = (ago: Ago, id: string, minutes: number, subject: string) => ({
  ...{
    id,
    subject,
    content: `${subject}. Please help.`,
    source: 'demo',
    created_at: ago(minutes),
    updated_at: ago(minutes),
  },
})

/** One in each state. D-1001 is warned of within a minute and late a minute later, unless somebody answers it. */
const tickets = (ago: Ago): object[] => [
  {
    ...opened(ago, 'D-1001', 5.8, 'VPN is down for everybody'),
    priority: 'critical',
    customer_tier: 'enterprise',
    group: 'network',
  },
  {
    ...opened(ago, 'D-1002', 22, 'Single sign-on goes round in circles'),
    priority: 'high',
    customer_tier: 'enterprise',
  },
  {
    ...opened(ago, 'D-1003', 90, 'The export misses rows'),
    ...{ priority: 'high', customer_tier: 'business', status: 'pending_customer' },
    ...{ first_response_at: ago(80), updated_at: ago(75) },
  },
  {
    ...opened(ago, 'D-1004', 40, 'Payments are refused'),
    ...{ priority: 'critical', customer_tier: 'standard', status: 'in_progress', assignee: 'Ada' },
    ...{ first_response_at: ago(10), updated_at: ago(10) },
  },
  {
    ...opened(ago, 'D-1005', 30, 'Mail to reset a password comes late'),
    ...{ priority: 'high', customer_tier: 'business', status: 'resolved' },
    ...{ first_response_at: ago(25), resolved_at: ago(5), updated_at: ago(5) },
  },
  {
    ...opened(ago, 'D-1006', 30, 'How do I add a colleague?'),
    priority: 'medium',
    customer_tier: 'standard',
    tags: ['question'],
  },
  {
    ...opened(ago, 'D-1007', 95, 'Invoices have the wrong address'),
    priority: 'high',
    customer_tier: 'free',
    group: 'billing',
  },
]

type DemoDependencies = {
  database: Database
  classifyTickets: ClassifyTickets
  recording: Recording
  publish: PoliciesApi['publish']
}

/** A policy with a lunch break, and tickets in every state; once for a tenant. */
export async function fillDemo(
  { database, classifyTickets, recording, publish }: DemoDependencies,
  tenantId: TenantId,
): Promise<void> {
  const now = new Date()
  const rows = tickets((minutes) => new Date(now.getTime() - minutes * 60_000).toISOString()).map(readRow)
  const ids = rows.map(({ id }) => id)
  const isThere = await database.withTenant(tenantId, async (tx) => (await lockTickets(tx, ids)).length > 0)
  if (isThere) return
  const batch = await judgeBatch(classifyTickets, tenantId, rows, now)
  await database.withTenant(tenantId, async (tx) => {
    await publish(tx, tenantId, 'demo', POLICY)
    await applyRows(tx, batch, 'demo')
    await catchUp(tx, tenantId, recording, ids)
  })
}

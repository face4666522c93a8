import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { type FailedTicket, failedTicket, isFailed, readTicket, shortly } from '../../connectors/index.ts'
import { type DeliveredTicket, unguard } from '../../tickets/index.ts'
import { readTime } from './read-time.ts'
import type { ReadingRules } from './reading-rules.ts'
import { statusKey } from './status-words.ts'
import { type Picked, saysNothing, type TicketField } from './wanted-columns.ts'

/** A field that cannot be used. `reason` is the same for all that fail alike; what stands there is `value`. */
export type FieldProblem = { field: TicketField; reason: string; value: string }

const VALUE_CHARACTERS = 100

/**
 * A ticket of a file, as the rules of its import say. Optional are `source` (import), `status` (open) and `updated_at`
 * (`created_at`). A row that names another tenant is set aside: it is from another tenant's export.
 */
export function readImported(
  picked: Picked,
  tenantId: TenantId,
  rules: ReadingRules,
): DeliveredTicket | (FailedTicket & { problems: readonly FieldProblem[] }) {
  const told = (field: TicketField): unknown => {
    const value = picked[field]
    return saysNothing(value) ? undefined : typeof value === 'string' ? unguard(value) : value
  }
  const problems: FieldProblem[] = []
  const complain = (field: TicketField, reason: string) => {
    const value = shortly(picked[field]).slice(0, VALUE_CHARACTERS).toWellFormed()
    problems.push({ field, reason, value })
    return undefined
  }
  const name = (field: 'id' | 'customer_id') => {
    const value = told(field) ?? rules.constants[field]
    if (typeof value === 'string') return value.trim()
    if (Number.isSafeInteger(value)) return String(value)
    if (value === undefined) return complain(field, 'is missing')
    return complain(field, 'must be a text, or a whole number of at most 15 digits')
  }
  const text = (field: 'subject' | 'message') => {
    const value = picked[field]
    if (typeof value === 'string') return value.trim() === '' ? (rules.constants[field] ?? value) : unguard(value)
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (value === null) return rules.constants[field] ?? ''
    if (value === undefined) return rules.constants[field] ?? complain(field, 'is missing')
    return complain(field, 'must be a text')
  }
  const time = (field: 'created_at' | 'updated_at') => {
    const value = told(field)
    if (value === undefined) return field === 'created_at' ? complain(field, 'is missing') : undefined
    const read = readTime(value, { formats: rules.formats[field], zone: rules.zone })
    return 'moment' in read ? read.moment : complain(field, read.problem)
  }
  const status = () => {
    const value = told('status') ?? rules.constants.status ?? 'open'
    const known = rules.statuses.get(statusKey(shortly(value)))
    return known ?? complain('status', 'is none that is known: say in the mapping’s statuses what it stands for')
  }
  const owner = told('tenant_id') ?? tenantId
  if (shortly(owner).trim() !== tenantId) complain('tenant_id', 'the ticket belongs to another tenant')
  const created_at = time('created_at')
  const source = told('source') ?? rules.constants.source ?? 'import'
  const ticket = {
    ...{ id: name('id'), customer_id: name('customer_id'), subject: text('subject'), message: text('message') },
    ...{ status: status(), source: typeof source === 'string' ? source.trim() : source },
    ...{ created_at, updated_at: time('updated_at') ?? created_at },
  }
  if (problems.length > 0) return failing(ticket.id, problems, picked)
  const read = readTicket(ticket, picked)
  return isFailed(read) ? { ...read, problems: problemsOf(read, picked) } : read
}

function failing(id: unknown, problems: readonly FieldProblem[], picked: Picked) {
  const reason = problems.map(({ field, reason: why }) => `${field}: ${why}`).join('; ')
  return { ...failedTicket(id, reason, picked), problems }
}

/** Those of the schema, which all tickets have to meet: `field: reason; field: reason`. */
function problemsOf({ reason }: FailedTicket, picked: Picked): FieldProblem[] {
  return reason.split('; ').map((part) => {
    const [field = 'id', ...why] = part.split(': ')
    const value = shortly(picked[field as TicketField])
      .slice(0, VALUE_CHARACTERS)
      .toWellFormed()
    return { field: field as TicketField, reason: why.join(': '), value }
  })
}

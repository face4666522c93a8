import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../../kernel/tenant-id.ts'
import { readImported } from './read-imported.ts'

const ours = tenantId('tenant_a')
const row = {
  id: 'ext-1',
  customer_id: 'cust_1',
  subject: 'Broken',
  message: 'It broke.',
  created_at: '2026-01-01T00:00:00Z',
}

describe('a row of a file', () => {
  it('needs no more than what a ticket is about', () => {
    expect(readImported(row, ours)).toEqual({
      external_id: 'ext-1',
      ...{ customer_id: 'cust_1', subject: 'Broken', message: 'It broke.', source: 'import', status: 'open' },
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
    })
  })

  it('may be one of our own export', () => {
    const { id: _, ...exported } = {
      ...row,
      external_id: 'ext-7',
      ticket_id: 'x',
      tenant_id: 'tenant_a',
      status: 'closed',
    }
    expect(readImported(exported, ours)).toMatchObject({ external_id: 'ext-7', status: 'closed' })
  })

  it('takes an empty cell for a missing one', () => {
    expect(readImported({ ...row, source: '', status: '', updated_at: '', tenant_id: '' }, ours)).toMatchObject({
      ...{ source: 'import', status: 'open', updated_at: '2026-01-01T00:00:00.000Z' },
    })
  })

  it.each([
    ['of another tenant', { tenant_id: 'tenant_b' }, 'belongs to tenant_b'],
    ['without id', { id: undefined }, 'id'],
    ['with an unknown status', { status: 'escalated' }, 'status'],
    ['with a time without zone', { created_at: '2026-01-01 00:00' }, 'created_at'],
  ])('%s is set aside with the reason', (_what, change, reason) => {
    expect(readImported({ ...row, ...change }, ours)).toMatchObject({ reason: expect.stringContaining(reason) })
  })
})

import { z } from 'zod'
import { CHANNEL_KINDS } from './channel.ts'
import type { ChannelRow } from './store.ts'

const timestamp = z.iso.datetime()

const fields = {
  channel_id: z.uuid(),
  tenant_id: z.string(),
  kind: z.enum(CHANNEL_KINDS),
  name: z.string(),
  settings: z.record(z.string(), z.unknown()).meta({ description: '`host` of an address, `recipients` of e-mails' }),
  awaiting_confirmation: z.array(z.string()).meta({
    description: 'Recipients who have not confirmed their address: nothing is delivered to them',
  }),
  is_enabled: z.boolean(),
  disabled_reason: z.string().nullable().meta({ description: 'Why it was switched off by itself' }),
  created_by: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
}

export const ChannelView = z.object(fields).meta({ id: 'Channel' })

const signingSecret = z
  .string()
  .nullable()
  .meta({ description: 'What a webhook is signed with (Standard Webhooks), shown only here; null for other kinds' })
export const NewChannelView = z.object({ ...fields, signing_secret: signingSecret })

/** Without addresses and keys: they are never shown again. */
export function presentChannel(row: ChannelRow): z.output<typeof ChannelView> {
  return {
    ...{ channel_id: row.channel_id, tenant_id: row.tenant_id, kind: row.kind, name: row.name },
    settings: row.settings as Record<string, unknown>,
    awaiting_confirmation: [...row.awaiting],
    ...{ is_enabled: row.is_enabled, disabled_reason: row.disabled_reason, created_by: row.created_by },
    ...{ created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() },
  }
}

export const TestView = z
  .object({
    outcome: z.enum(['delivered', 'failed', 'throttled', 'refused']),
    status_code: z.int().nullable(),
    reason: z.string().nullable(),
    retry_after_seconds: z.number().nullable(),
  })
  .meta({ id: 'ChannelTest' })

import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Severity } from '../signals/index.ts'

export const CHANNEL_KINDS = ['notify', 'webhook', 'slack', 'email'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** What a sender needs of a channel's row. */
export type Channel = {
  tenant_id: TenantId
  channel_id: string
  kind: ChannelKind
  settings: unknown
  sealed_secrets: Buffer | null
  /** Recipients, in lower case, that have not confirmed: nothing is sent there. */
  awaiting: readonly string[]
}

/** One signal for one channel. */
export type Message = {
  /** The same for every attempt: receivers know repeats by it. */
  deliveryId: string
  tenantId: TenantId
  signal: {
    signal_id: string
    kind: string
    subject: string
    severity: Severity
    title: string
    facts: Record<string, unknown>
    raised_at: Date
  }
}

/** What became of one attempt. `reason` is for people: no addresses with secrets, no answers of any length. */
export type SendOutcome =
  | { kind: 'delivered'; statusCode: number | null }
  /** The other side is not well: no answer in time, no connection, 408 or 5xx. Worth another attempt. */
  | { kind: 'failed'; statusCode: number | null; reason: string; retryAfterSeconds?: number | undefined }
  /** The other side is well and asks to come back later (429). */
  | { kind: 'throttled'; statusCode: number; reason: string; retryAfterSeconds: number | undefined }
  /** It will answer the same however often it is asked (other 4xx, an address that may not be called). */
  | { kind: 'refused'; statusCode: number | null; reason: string; disablesChannel: boolean }

/** Makes one attempt. Never rejects but with the reason of `signal`, which ends the attempt when its time is over. */
export type Send = (channel: Channel, message: Message, signal: AbortSignal) => Promise<SendOutcome>

import { z } from 'zod'
import { mailAddress } from '../mail/index.ts'

// Control characters and halves of surrogate pairs: in a name nobody needs them, in a header they begin another one.
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u

export const nameField = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .refine((text) => !UNPRINTABLE.test(text), 'must not contain control characters')
  .meta({ example: 'On-call' })

export const urlField = z
  .url({ protocol: /^https?$/, error: 'must be an address, e.g. https://hooks.example.com/signals' })
  .max(2_000)
  .refine((address) => !UNPRINTABLE.test(address), 'must not contain control characters')
  .meta({ description: 'https, unless the operator allows its host; never shown again' })

export const recipientsField = z
  .array(mailAddress)
  .min(1)
  .max(20)
  .meta({ example: ['on-call@example.com'] })

/** What an e-mail channel keeps in `settings`. */
export const EmailSettings = z.object({ recipients: z.array(z.string()) })

/** A new channel as a request describes it. */
export const NewChannelBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('notify'), name: nameField }),
  z.strictObject({ kind: z.literal('webhook'), name: nameField, url: urlField }),
  z.strictObject({ kind: z.literal('slack'), name: nameField, url: urlField }),
  z.strictObject({ kind: z.literal('email'), name: nameField, recipients: recipientsField }),
])
export type NewChannelBody = z.output<typeof NewChannelBody>

/** What may change; what is left out stays. */
export const ChannelChange = z.strictObject({
  name: nameField.optional(),
  is_enabled: z.boolean().optional().meta({ description: 'Switching on clears why it was switched off' }),
  url: urlField.optional(),
  recipients: recipientsField.optional(),
})
export type ChannelChange = z.output<typeof ChannelChange>

/** What is shown of an address: a token may stand in its path. */
export const hostOf = (url: string): string => new URL(url).host

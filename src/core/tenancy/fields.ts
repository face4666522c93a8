import { z } from 'zod'
import { timeZoneName } from '../../kernel/time-zone.ts'
import { TENANT_ROLES } from './roles.ts'

// Control characters and halves of surrogate pairs: PostgreSQL refuses some of them, and no name needs any.
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u

/** One line of text that people read, without blanks around it. */
export const line = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxCharacters)
    .refine((text) => !UNPRINTABLE.test(text), 'must not contain control characters')

export const EmailField = z.string().trim().toLowerCase().max(254).pipe(z.email()).meta({ example: 'ada@example.com' })

const ABOUT_PASSWORD = { description: '12 to 128 characters', format: 'password' }

/** A password that is being chosen. */
export const NewPasswordField = z.string().min(12).max(128).meta(ABOUT_PASSWORD)

/** A password that is being tried: its length is no business of whoever tries it, but is bounded. */
export const PasswordField = z.string().min(1).max(128).meta(ABOUT_PASSWORD)

/** The secret of a link. */
export const TokenField = z.string().min(1).max(100)

export const RoleField = z.enum(TENANT_ROLES)

export const TimeZoneField = z
  .string()
  .max(64)
  .refine((text) => timeZoneName(text) !== null, 'must be an IANA time zone such as Europe/Berlin')
  .overwrite((text) => timeZoneName(text) ?? text)
  .meta({ description: 'IANA time zone', example: 'Europe/Berlin' })

/** A moment on the wire: ISO 8601 with zone. */
export const Moment = z.iso.datetime({ offset: true })

export const PersonIdField = z.uuid().meta({ description: 'A person’s id' })

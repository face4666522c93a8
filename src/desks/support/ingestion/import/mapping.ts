import { z } from 'zod'
import { timeZoneName } from '../../../../kernel/time-zone.ts'
import { TICKET_STATUSES } from '../../tickets/index.ts'
import { TimeFormat } from './time-format.ts'
import { DELIMITERS } from './wanted-columns.ts'

/** Helpdesks whose exports are known. */
export const PRESETS = ['zendesk', 'freshdesk', 'intercom', 'jira-csv', 'salesforce-csv'] as const
export type Preset = (typeof PRESETS)[number]

/** PostgreSQL keeps it as JSON, which holds neither NUL nor half a character. */
const storable = (text: string) => !text.includes('\0') && text.isWellFormed()
const text = (max: number) => z.string().max(max).refine(storable, 'must be text without NUL')
const columnName = text(200).pipe(z.string().trim().min(1))
const oneOrSome = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item).min(1).max(10)])
const names = oneOrSome(columnName).optional()
const formats = oneOrSome(TimeFormat).optional()
const constant = (max: number) => text(max).optional()

/** How a file of somebody else's is to be read. What is not said is as the preset says, else as our own names say. */
export const Mapping = z
  .strictObject({
    preset: z.enum(PRESETS).optional(),
    columns: z
      .strictObject({
        ...{ id: names, customer_id: names, subject: names, message: names, status: names, source: names },
        ...{ created_at: names, updated_at: names },
      })
      .optional()
      .meta({ description: 'Where each field stands: a name, or several of which the first with a value decides' }),
    constants: z
      .strictObject({
        ...{ customer_id: constant(200), subject: constant(1_000), message: constant(1_000), source: constant(100) },
        status: z.enum(TICKET_STATUSES).optional(),
      })
      .optional()
      .meta({ description: 'What a field is where no column says it' }),
    statuses: z
      .record(text(100), z.enum(TICKET_STATUSES))
      .refine((statuses) => Object.keys(statuses).length <= 100, 'must be at most 100')
      .optional()
      .meta({ description: 'What their statuses stand for, whatever their case' }),
    formats: z
      .strictObject({ created_at: formats, updated_at: formats })
      .optional()
      .meta({ description: 'Patterns like `dd/MM/yyyy HH:mm`, or `unix`, `unix-ms`; ISO 8601 is always read' }),
    zone: z
      .string()
      .max(64)
      .refine((zone) => timeZoneName(zone) !== null, 'must be the IANA name of a time zone, e.g. Europe/Berlin')
      .optional()
      .meta({ description: 'Of times that do not say theirs' }),
    delimiter: z.enum(DELIMITERS).optional().meta({ description: 'Between the cells; found by the header without it' }),
  })
  .meta({ id: 'ImportMapping' })
export type Mapping = z.output<typeof Mapping>

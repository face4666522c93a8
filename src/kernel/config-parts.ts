import { z } from 'zod'
import { parseHostAndPort } from './host-and-port.ts'

export const port = z.coerce.number().int().min(0).max(65_535)
export const flag = z.stringbool()
export const zeroOrMilliseconds = (min: number, max: number) =>
  z.literal('0').transform(Number).or(z.coerce.number().int().min(min).max(max))
export const seconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
export const httpUrl = z.url({ protocol: /^https?$/ })
export const hostAndPort = z.string().refine((text) => parseHostAndPort(text) !== undefined)
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ })

/** A comma-separated list without empty or repeated entries. */
export const list = <Schema extends z.ZodType<unknown, string>>(entry: Schema) =>
  z
    .string()
    .transform((text) => [...new Set(text.split(',').map((item) => item.trim()))].filter((item) => item !== ''))
    .pipe(z.array(entry))

export const cap = (what: string, { least = 1, most, usual }: { least?: number; most: number; usual: number }) => ({
  schema: z.coerce.number().int().min(least).max(most).default(usual),
  bound: `${least} to ${most} ${what}`,
  example: String(usual),
})

/** A variable: what it may be, in words for whoever got it wrong, and what it is for. */
export type Variable = { schema: z.ZodType; bound: string; example: string; about: string; secret?: boolean }

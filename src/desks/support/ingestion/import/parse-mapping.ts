import { z } from 'zod'
import { timeZoneName } from '../../../../kernel/time-zone.ts'
import { invalid } from '../../../../platform/http/index.ts'
import { Mapping, PRESETS } from './mapping.ts'

const EXAMPLE = '{"columns":{"id":"Issue key"},"zone":"Europe/Berlin"}'

/** How a request says what a file is like: a preset and a zone by themselves, or all of it as JSON. */
export const MappingQuery = {
  preset: z.enum(PRESETS).optional().meta({ description: 'The helpdesk whose export this is' }),
  zone: z
    .string()
    .max(64)
    .refine((zone) => timeZoneName(zone) !== null, 'must be the IANA name of a time zone, e.g. Europe/Berlin')
    .optional()
    .meta({ description: 'Of times that do not say theirs' }),
  mapping: z
    .string()
    .max(6_000)
    .optional()
    .meta({ description: 'An `ImportMapping` as JSON; what it leaves out is as the preset says', example: EXAMPLE }),
}
type Query = { [Name in keyof typeof MappingQuery]?: z.output<(typeof MappingQuery)[Name]> }

/** @throws http.invalid that names the field of the mapping */
export function parseMapping({ preset, zone, mapping }: Query): Mapping | undefined {
  if (preset === undefined && zone === undefined && mapping === undefined) return undefined
  const parsed = Mapping.safeParse(mapping === undefined ? {} : parseJson(mapping))
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map(({ path, message }) => ({
        ...{ in: 'query', field: ['mapping', ...path.map(String)].join('.'), message },
      })),
    )
  }
  const named = parsed.data
  for (const [field, own, inside] of [
    ['preset', preset, named.preset],
    ['zone', zone, named.zone],
  ] as const) {
    if (own !== undefined && inside !== undefined && own !== inside)
      throw invalid([
        { in: 'query', field, message: 'must be the same as in the mapping, or stand in one of them only' },
      ])
  }
  return { ...(preset === undefined ? {} : { preset }), ...(zone === undefined ? {} : { zone }), ...named }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid([{ in: 'query', field: 'mapping', message: `must be JSON, e.g. ${EXAMPLE}` }])
  }
}

import type { Attributes } from '../../../../core/clocks/index.ts'
import { folded } from './hidden-rules.ts'
import { CHOSEN_BY, type Condition } from './policy.ts'

/** A condition, ready to be asked. */
export type Asked = (attributes: Attributes) => boolean

/** Every field that it names must have one of its values, in capital or small letters. */
export function compileCondition(when: Condition): Asked {
  const wanted = CHOSEN_BY.flatMap((field) => {
    const values = when[field]
    return values === undefined ? [] : [{ field, values: new Set(values.map(folded)) }]
  })
  return (attributes) =>
    wanted.every(({ field, values }) => {
      const value = attributes[field]
      if (value === null || value === undefined) return false
      return typeof value === 'string' ? values.has(folded(value)) : value.some((one) => values.has(folded(one)))
    })
}

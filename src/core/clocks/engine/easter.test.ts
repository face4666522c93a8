import { expect, test } from 'vitest'
import { isHoliday } from '../../../../test/oracle/holiday-by-date.ts'
import { textOfDay } from './civil-date.ts'
import { easterSunday } from './easter.ts'
import { FIRST_YEAR, LAST_YEAR } from './time-range.ts'

test.for(['western', 'orthodox'] as const)(
  '%s Easter is where the tables of full moons have it, in every year',
  (church) => {
    const years = Array.from({ length: LAST_YEAR - FIRST_YEAR + 1 }, (_, place) => FIRST_YEAR + place)
    const wrong = years.filter(
      (year) => !isHoliday({ kind: 'easter', days: 0, church, name: '' }, textOfDay(easterSunday(year, church))),
    )
    expect(wrong).toEqual([])
  },
)

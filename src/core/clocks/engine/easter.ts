import { dayOf } from './civil-date.ts'

/** Days from 1970-01-01 to Easter Sunday of a year, in the Gregorian calendar also for the churches that reckon by the Julian one. */
export function easterSunday(year: number, church: 'western' | 'orthodox'): number {
  return church === 'western' ? westernEaster(year) : orthodoxEaster(year)
}

/** The algorithm of Meeus, Jones and Butcher (Astronomical Algorithms, chapter 8), for every Gregorian year. */
function westernEaster(year: number): number {
  const golden = year % 19
  const century = Math.floor(year / 100)
  const inCentury = year % 100
  const moonShift = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3)
  const epact = (19 * golden + century - Math.floor(century / 4) - moonShift + 15) % 30
  const weekdayShift = (32 + 2 * (century % 4) + 2 * Math.floor(inCentury / 4) - epact - (inCentury % 4)) % 7
  const correction = Math.floor((golden + 11 * epact + 22 * weekdayShift) / 451)
  return dayOf(year, 3, 22 + epact + weekdayShift - 7 * correction)
}

/** Meeus’ algorithm for the Julian calendar, and the days by which that one is behind: 13 until the year 2099, 14 in 2100. */
function orthodoxEaster(year: number): number {
  const epact = (19 * (year % 19) + 15) % 30
  const weekdayShift = (2 * (year % 4) + 4 * (year % 7) - epact + 34) % 7
  const behind = Math.floor(year / 100) - Math.floor(year / 400) - 2
  return dayOf(year, 3, 22 + epact + weekdayShift + behind)
}

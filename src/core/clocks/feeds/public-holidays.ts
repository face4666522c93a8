import type { FeedHoliday } from '../calendars/calendar.ts'

type Country = {
  name: string
  regions: Readonly<Record<string, string>>
  /** Of one year; `region` is one of the regions or undefined: what holds in the whole country. */
  holidays(year: number, region: string | undefined): Promise<[date: string, name: string][]>
}

/**
 * Countries whose holidays a maintained package with a permissive licence knows (decision 14). Loaded when they are asked for.
 * Every other country publishes an iCalendar feed.
 */
export const COUNTRIES: Readonly<Record<string, Country>> = {
  DE: {
    name: 'Germany',
    regions: {
      ...{ BW: 'Baden-Württemberg', BY: 'Bayern', BE: 'Berlin', BB: 'Brandenburg', HB: 'Bremen', HH: 'Hamburg' },
      ...{ HE: 'Hessen', MV: 'Mecklenburg-Vorpommern', NI: 'Niedersachsen', NW: 'Nordrhein-Westfalen' },
      ...{ RP: 'Rheinland-Pfalz', SL: 'Saarland', SN: 'Sachsen', ST: 'Sachsen-Anhalt', SH: 'Schleswig-Holstein' },
      TH: 'Thüringen',
    },
    holidays: async (year, region = 'BUND') => {
      const { getHolidays } = await import('feiertagejs')
      // Its type of regions is not exported.
      const found = getHolidays(year, region as Parameters<typeof getHolidays>[1])
      return found.map((holiday) => [holiday.dateString, holiday.translate('de') ?? holiday.name])
    },
  },
  FR: {
    name: 'France',
    regions: { ALSACE: 'Alsace-Moselle' },
    holidays: async (year, region) => {
      const { default: joursFeries } = await import('@socialgouv/jours-feries')
      const found = joursFeries(year, { alsace: region === 'ALSACE' })
      return Object.entries(found).map(([name, date]) => [localDate(date), name])
    },
  },
  JP: {
    name: 'Japan',
    regions: {},
    holidays: async (year) => {
      const { default: japan } = await import('@holiday-jp/holiday_jp')
      const found = Object.values<{ date: string; name_en: string }>(japan.holidays)
      return found.flatMap(({ date, name_en }) => (date.startsWith(`${year}-`) ? [[date, name_en]] : []))
    },
  },
  US: {
    name: 'United States, federal',
    regions: {},
    // What a year's New Year's Day is observed on may lie in the year before.
    holidays: async (year) => {
      const { default: federal } = await import('@18f/us-federal-holidays')
      return federal.allForYear(year).map(({ dateString, name }) => [dateString, name])
    },
  },
}

export const isRegion = (country: string, region: string): boolean =>
  Object.hasOwn(COUNTRIES[country]?.regions ?? {}, region)

/** The holidays of a country, or of a region of it, in so many years from `firstYear` on, in order. The country and region exist. */
export async function publicHolidays(
  place: { country: string; region?: string | undefined },
  years: { firstYear: number; count: number },
): Promise<FeedHoliday[]> {
  const country = COUNTRIES[place.country]
  if (!country) throw new Error(`no holidays of ${place.country}`)
  const found = await Promise.all(
    Array.from({ length: years.count }, (_, place_) => country.holidays(years.firstYear + place_, place.region)),
  )
  return found.flat().map(([date, name]) => ({ from: date, to: date, name }))
}

/** What the package means by midnight in the zone of the process. */
const localDate = (date: Date) =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-')

/** Minutes of local time since midnight of the date on which the interval starts: [start, end), end at most a day later. */
export type WallInterval = { startMinute: number; endMinute: number }

const MINUTES_A_DAY = 1_440

/** `HH:MM`, also `24:00`. */
export const minuteOfDay = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

/** An end at or before its start is on the next day: 22:00–06:00 goes over midnight, 09:00–09:00 lasts a day. */
export function wallInterval({ start, end }: { start: string; end: string }): WallInterval {
  const [startMinute, endMinute] = [minuteOfDay(start), minuteOfDay(end)]
  return { startMinute, endMinute: endMinute > startMinute ? endMinute : endMinute + MINUTES_A_DAY }
}

const NAMED_ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/

/**
 * The IANA name of a time zone in its proper spelling, or null when there is no such zone. Offsets (`+01:00`) are not
 * zones: they do not know summer time. An alias stays the alias that was asked for (`Asia/Kolkata`).
 */
export function timeZoneName(text: string): string | null {
  if (text.length > 64 || !NAMED_ZONE.test(text)) return null
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions()
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text
  } catch {
    return null
  }
}

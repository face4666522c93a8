/** The years in which the engine computes (UTC). Until January 1972 a zone was off UTC by seconds; after 2199 nobody knows their rules. */
export const FIRST_YEAR = 1973
export const LAST_YEAR = 2199

export const FIRST_MS = Date.UTC(FIRST_YEAR, 0, 1)
export const END_MS = Date.UTC(LAST_YEAR + 1, 0, 1)

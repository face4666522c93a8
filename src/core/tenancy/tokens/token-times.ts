/** How long what was exchanged is good for, in seconds. */
export const TOKEN_SECONDS = 900
/** A refresh token that is not used for so long is over. */
export const REFRESH_SECONDS = 86_400
/** Of a whole family, if what it came from does not end before. */
export const FAMILY_SECONDS = 30 * 86_400

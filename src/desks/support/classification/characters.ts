/** What an ASCII character is to the tokeniser. */
export const SPACE = 0
export const SMALL = 1
export const CAPITAL = 2
export const DIGIT = 3
export const MARK = 4
/** By code, 0 to 127. */
export const KINDS = Uint8Array.from({ length: 128 }, (_, code) => kindOf(String.fromCharCode(code)))

function kindOf(character: string): number {
  if (/[a-z]/.test(character)) return SMALL
  if (/[A-Z]/.test(character)) return CAPITAL
  if (/\d/.test(character)) return DIGIT
  return /\s/.test(character) ? SPACE : MARK
}

export const isDigit = (code: number) => code >= 0x30 && code <= 0x39
export const isSpace = (code: number) => code <= 0x20 || code === 0xa0
export const isLetterAt = (text: string, place: number) => /[\p{L}\p{N}]/u.test(text.charAt(place))

/** Only blanks until the next line break. Looks a few characters ahead: longer runs of blanks part nothing. */
export function isBlankLineAt(text: string, place: number, to: number): boolean {
  for (let ahead = place; ahead < Math.min(place + 8, to); ahead++) {
    const code = text.charCodeAt(ahead)
    if (code === 10) return true
    if (code !== 13 && code !== 32 && code !== 9) return false
  }
  return false
}

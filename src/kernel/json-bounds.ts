/**
 * What a JSON text from outside may consist of. JSON.parse reads anything; whatever walks over its result afterwards
 * (schemas, hashes, our own recursion) runs out of stack at some depth, and seconds long over some hundred thousand members.
 */
export type JsonBounds = {
  /** Objects and lists within each other; `[]` is 1 deep. */
  depth: number
  /** Members of objects and elements of lists, all together; an empty object or list counts like one with a single member. */
  members: number
  /** Characters of one text between its quotes, as it is written: `\u0041` are six. */
  textCharacters: number
  /** Characters of one name of a member, as it is written. */
  nameCharacters: number
}

export type JsonExcess = {
  bound: keyof JsonBounds
  max: number
  /** Where it was noticed, as an offset in UTF-16 code units. */
  at: number
  /** What goes after "the body" or "the line": `is nested more than 64 levels deep, at character 65`. */
  complaint: string
}

const COMPLAINTS: Record<keyof JsonBounds, (max: number) => string> = {
  depth: (max) => `is nested more than ${max} levels deep`,
  members: (max) => `has more than ${max} members`,
  textCharacters: (max) => `has a text of more than ${max} characters`,
  nameCharacters: (max) => `has a name of more than ${max} characters`,
}

/**
 * The first place where a JSON text is more than `bounds` allow; undefined when nothing is. Reads the text once and makes
 * nothing of it, so that it costs less than JSON.parse, before which it belongs. Whether the text is JSON at all is not
 * its matter: what it finds in a broken one means nothing, and it always ends.
 */
export function findJsonExcess(text: string, bounds: JsonBounds): JsonExcess | undefined {
  let depth = 0
  let members = 0
  let lastTextCharacters = 0
  for (let place = 0; place < text.length; place++) {
    switch (text.charCodeAt(place)) {
      case 0x22: {
        // "
        const end = endOfText(text, place + 1)
        lastTextCharacters = end - place - 1
        if (lastTextCharacters > bounds.textCharacters) return excess('textCharacters', place)
        place = end
        break
      }
      case 0x3a: // :
        if (lastTextCharacters > bounds.nameCharacters) return excess('nameCharacters', place)
        break
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > bounds.depth) return excess('depth', place)
        if (++members > bounds.members) return excess('members', place)
        break
      case 0x2c: // ,
        if (++members > bounds.members) return excess('members', place)
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth--
        break
    }
  }
  return undefined

  function excess(bound: keyof JsonBounds, at: number): JsonExcess {
    const max = bounds[bound]
    return { bound, max, at, complaint: `${COMPLAINTS[bound](max)}, at character ${at + 1}` }
  }
}

/** Where the text that begins at `from` has its closing quote; the end of everything when it has none. */
function endOfText(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    // Each backslash is looked at for one quote only: the one right after its run.
    while (quote - backslashes > from && text.charCodeAt(quote - backslashes - 1) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return quote
  }
  return text.length
}

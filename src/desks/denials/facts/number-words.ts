const UNITS: Readonly<Record<string, number>> = {
  ...{
    one: 1,
    two: 2,
    three: 3,
    four: 4,
    five: 5,
    six: 6,
    seven: 7,
    eight: 8,
    nine: 9,
    ten: 10,
    eleven: 11,
    twelve: 12,
  },
  ...{ thirteen: 13, fourteen: 14, fifteen: 15, sixteen: 16, seventeen: 17, eighteen: 18, nineteen: 19, twenty: 20 },
  ...{ thirty: 30, forty: 40, fifty: 50, sixty: 60, seventy: 70, eighty: 80, ninety: 90 },
  ...{
    un: 1,
    uno: 1,
    una: 1,
    dos: 2,
    tres: 3,
    cuatro: 4,
    cinco: 5,
    seis: 6,
    siete: 7,
    ocho: 8,
    nueve: 9,
    diez: 10,
    once: 11,
  },
  ...{
    doce: 12,
    trece: 13,
    catorce: 14,
    quince: 15,
    veinte: 20,
    treinta: 30,
    cuarenta: 40,
    cincuenta: 50,
    sesenta: 60,
  },
  ...{ setenta: 70, ochenta: 80, noventa: 90, cien: 100, ciento: 100, doscientos: 200 },
}

export const NUMBER_WORD = [...Object.keys(UNITS), 'hundred'].toSorted((a, b) => b.length - a.length).join('|')

/** What a number in words says, up to 999: `one hundred eighty`, `sixty-five`, `ciento ochenta`. Undefined for other words. */
export function numberOfWords(words: string): number | undefined {
  let total = 0
  const parts = words
    .toLowerCase()
    .split(/[\s-]+/)
    .filter((part) => part !== '' && part !== 'and' && part !== 'y' && part !== 'a')
  for (const part of parts) {
    if (part === 'hundred') total = Math.max(total, 1) * 100
    else {
      const value = UNITS[part]
      if (value === undefined) return undefined
      total += value
    }
  }
  return parts.length > 0 && total > 0 && total < 1_000 ? total : undefined
}

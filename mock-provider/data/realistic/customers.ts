import { type Random, randomStream } from '../../random.ts'
import { english } from './english.ts'
import { french } from './french.ts'
import { german } from './german.ts'
import type { Phrasebook } from './phrasebook.ts'
import { spanish } from './spanish.ts'

/** Somebody who writes: always in one language, under one name, with one signature. */
export type Customer = { id: string; name: string; phrasebook: Phrasebook; signature: string; likesEmoji: boolean }

const LANGUAGE_SHARES: [Phrasebook, number][] = [
  [english, 0.45],
  [german, 0.25],
  [spanish, 0.15],
  [french, 0.15],
]
const TICKETS_PER_CUSTOMER = 7

/** The customers of one tenant: who `cust_1001` is follows from the seed and the tenant, not from the tickets drawn. */
export function customersOf(tenant: string, seed: number, expectedTickets: number) {
  const size = Math.max(1, Math.ceil(expectedTickets / TICKETS_PER_CUSTOMER))
  const known = new Map<number, Customer>()
  return {
    /** A few write very often and most hardly ever. */
    draw(random: Random): Customer {
      const number = Math.floor(random.fraction() ** 2.2 * size)
      const customer = known.get(number) ?? introduce(number, randomStream(seed, `customer ${tenant} ${number}`))
      known.set(number, customer)
      return customer
    },
  }
}

function introduce(number: number, random: Random): Customer {
  const phrasebook = drawLanguage(random)
  const name = `${random.pick(phrasebook.firstNames)} ${random.pick(phrasebook.lastNames)}`
  return {
    id: `cust_${1001 + number}`,
    name,
    phrasebook,
    signature: drawSignature(name, phrasebook, random),
    likesEmoji: random.chance(0.2),
  }
}

function drawLanguage(random: Random): Phrasebook {
  let rest = random.fraction()
  for (const [phrasebook, share] of LANGUAGE_SHARES) {
    rest -= share
    if (rest < 0) return phrasebook
  }
  return english
}

function drawSignature(name: string, phrasebook: Phrasebook, random: Random): string {
  const style = random.integer(0, 3)
  if (style === 0) return name
  if (style === 1) return `${name.split(' ')[0]}\n\n${phrasebook.mobileSignature}`
  const address = `${name
    .split(' ')[0]
    ?.toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z]/g, '')}@example.com`
  if (style === 2) return `${name}\n-- \n${random.pick(phrasebook.companies)}\n${address}`
  return `${name}\n${random.pick(phrasebook.companies)} | +00 555 ${random.integer(100, 999)} ${random.integer(100, 999)}`
}

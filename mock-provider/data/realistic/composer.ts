import type { Random } from '../../random.ts'
import type { Business } from './businesses.ts'
import type { Customer } from './customers.ts'
import { TOPIC_WEIGHTS, type Topic } from './phrasebook.ts'

export type Source = 'email' | 'web' | 'chat' | 'api'
export type Letter = { customer: Customer; business: Business; source: Source; writtenAt: number }

const DAY_MS = 86_400_000
const EMOJI = ['🙏', '😕', '😡', '🤔', '😅', '👍']

/** Writes subject and message as this customer would in this channel. */
export function compose(letter: Letter, random: Random): { subject: string; message: string } {
  const { customer, source } = letter
  const topic = drawTopic(customer.phrasebook.topics, random)
  const fill = slotFiller(letter, random)
  const subject = fill(random.pick(topic.subjects))
  const parts = [random.pick(topic.openings), random.pick(topic.details), random.pick(topic.asks)]
  const sentences = parts.map(fill)
  switch (source) {
    case 'chat':
      return { subject, message: fill(asChat(letter, sentences, random)) }
    case 'email':
      return {
        subject: random.chance(0.2) ? `Re: ${subject}` : subject,
        message: fill(asEmail(letter, sentences, random)),
      }
    case 'web':
      return { subject, message: `${capitalized(sentences.join(' '))}${emoji(customer, random)}` }
    case 'api':
      return { subject, message: fill(`${capitalized(sentences.join('\n'))}\n\n[order={order} app={version}]`) }
  }
}

function asChat({ customer }: Letter, sentences: string[], random: Random): string {
  const said = random.chance(0.5) ? sentences : sentences.slice(0, 2)
  const lines = [random.pick(customer.phrasebook.chatGreetings), ...said].filter((line) => line !== '')
  const text = lines.join(random.chance(0.5) ? '\n' : ' ')
  const casual = random.chance(0.3) ? text.toLowerCase().replaceAll('.', '') : text
  return `${casual}${emoji(customer, random)}`
}

function asEmail({ customer, business, writtenAt }: Letter, sentences: string[], random: Random): string {
  const { greetings, closings, signOffs } = customer.phrasebook
  const greeting = random.pick(greetings).replace('{company}', business.company)
  // After "Guten Tag," German goes on in lower case; everywhere else the sentence is written as it stands.
  const body = greeting.endsWith(',') ? sentences.join(' ') : capitalized(sentences.join(' '))
  const blocks = [greeting, body, random.pick(closings), `${random.pick(signOffs)}\n${customer.signature}`]
  if (random.chance(0.18)) blocks.push(quotedReply(customer, business, writtenAt, random))
  return blocks.filter((block) => block !== '').join('\n\n')
}

function quotedReply(customer: Customer, business: Business, writtenAt: number, random: Random): string {
  const { quoteHeadings, quotedReplies, dateLocale } = customer.phrasebook
  const date = dateIn(dateLocale, writtenAt - random.integer(1, 4) * DAY_MS)
  const heading = random.pick(quoteHeadings).replace('{date}', date).replace('{company}', business.company)
  return `${heading}\n> ${random.pick(quotedReplies)}\n>\n> ${business.company} Support`
}

/** One letter speaks of one order, product and amount throughout, so each slot is drawn once. */
function slotFiller({ customer, business, writtenAt }: Letter, random: Random): (text: string) => string {
  const { phrasebook } = customer
  const slots: Record<string, string> = {
    product: random.pick(business.products),
    plan: random.pick(business.plans),
    error: random.pick(business.errors),
    order: `${business.orderPrefix}-${random.integer(100_000, 999_999)}`,
    invoice: `${new Date(writtenAt).getUTCFullYear()}-${random.integer(10_000, 99_999)}`,
    amount: phrasebook.amount(random.integer(9, 480), random.pick([0, 49, 50, 90, 95, 99])),
    date: dateIn(phrasebook.dateLocale, writtenAt - random.integer(2, 40) * DAY_MS),
    days: String(random.integer(2, 14)),
    version: `${random.integer(2, 5)}.${random.integer(0, 19)}.${random.integer(0, 9)}`,
    company: business.company,
  }
  return (text) => text.replace(/\{(\w+)\}/g, (whole, name: string) => slots[name] ?? whole)
}

function drawTopic(topics: Topic[], random: Random): Topic {
  const total = topics.reduce((sum, topic) => sum + TOPIC_WEIGHTS[topic.name], 0)
  let rest = random.fraction() * total
  for (const topic of topics) {
    rest -= TOPIC_WEIGHTS[topic.name]
    if (rest < 0) return topic
  }
  return random.pick(topics)
}

const emoji = (customer: Customer, random: Random) =>
  customer.likesEmoji && random.chance(0.7) ? ` ${random.pick(EMOJI)}` : ''

const capitalized = (text: string) => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase())

const dateFormats = new Map<string, Intl.DateTimeFormat>()
function dateIn(locale: string, time: number): string {
  const format = dateFormats.get(locale) ?? new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  dateFormats.set(locale, format)
  return format.format(time)
}

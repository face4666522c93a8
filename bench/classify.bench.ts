import { readFileSync } from 'node:fs'
import { classify, compileRules, loadBaseRules, type TicketText } from '../src/desks/support/classification/index.ts'

const TEXTS = 20_000
const ROUNDS = 7
const MEGABYTE = 1_000_000

/** Support messages as people write them, 300 to 800 characters, in the four languages; joined anew so that no two are equal. */
const SENTENCES = [
  'Hello, I ordered the blue rain jacket two weeks ago and it still has not arrived, although your page says delivered.',
  'The tracking page has shown the same status since Monday and nobody answers the phone.',
  'Could you please check where the parcel is and let me know when I can expect it?',
  'I was charged twice for the same month, once on the second and once on the fifth.',
  'Please refund the second payment to my card, the invoice number is INV-2025-0388.',
  'Otherwise everything is fine and I like the app a lot, thank you for the quick help last time.',
  'Seit dem Update gestern lässt sich die App nicht mehr öffnen, es kommt immer nur eine Fehlermeldung.',
  'Ich habe das Gerät schon neu gestartet und die App neu installiert, leider ohne Erfolg.',
  'Bitte schicken Sie mir eine Anleitung oder rufen Sie mich zurück, ich bin ab 14 Uhr erreichbar.',
  'No puedo entrar en mi cuenta desde el martes y necesito descargar las facturas del trimestre.',
  'He pedido la contraseña tres veces pero el correo no llega, tampoco a la carpeta de spam.',
  '¿Pueden revisarlo, por favor? No es urgente, pero me gustaría tenerlo antes del viernes.',
  'Bonjour, la chaudière affiche une erreur depuis hier soir et nous n’avons plus d’eau chaude.',
  'J’ai déjà appelé deux fois sans réponse, merci de me dire quand un technicien peut passer.',
  'Je vous remercie d’avance et je vous souhaite une bonne journée.',
]

/** Prints texts per second on one core, beside a plain keyword scan of the same texts, and the worst long texts. */
export async function bench(): Promise<void> {
  const rules = compileRules(loadBaseRules())
  const texts = typicalTexts()
  const characters = texts.reduce((sum, { subject, message }) => sum + subject.length + message.length, 0)
  console.log(`${texts.length} texts, ${Math.round(characters / texts.length)} characters each on average`)

  const rates = { rules: [] as number[], keywords: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    rates.rules.push(rateOf(texts, (text) => classify(rules, text).urgency.length))
    rates.keywords.push(rateOf(texts, (text) => scanForKeywords(text)))
  }
  const [byRules, byKeywords] = [median(rates.rules), median(rates.keywords)]
  console.log(
    `rules with explanation   ${perSecond(byRules)}   (${rates.rules.map((rate) => Math.round(rate)).join(', ')})`,
  )
  console.log(`plain keyword scan       ${perSecond(byKeywords)}`)
  console.log(
    `ratio                    the scan does ${(byKeywords / byRules).toFixed(1)} texts while the rules do one`,
  )

  const durations = texts.map((text) => millisecondsOf(() => classify(rules, text))).sort((a, b) => a - b)
  const at = (share: number) => `${((durations[Math.floor(durations.length * share)] ?? 0) * 1_000).toFixed(0)} µs`
  console.log(`one text                 p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, slowest ${at(0.99999)}`)

  console.log('\n1 MB texts               milliseconds of processor time (worst of 3)')
  for (const [name, message] of Object.entries(nastyTexts())) {
    const worst = Math.max(
      ...[1, 2, 3].map(() => processorMillisecondsOf(() => classify(rules, { subject: name, message }))),
    )
    console.log(`  ${name.padEnd(30)} ${worst.toFixed(1).padStart(8)}`)
  }
}

function typicalTexts(): TicketText[] {
  let state = 42
  const draw = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % below
  }
  return Array.from({ length: TEXTS }, (_, number) => ({
    subject: `Order ${number} ${SENTENCES[draw(SENTENCES.length)]?.slice(0, 30)}`,
    message: Array.from({ length: 3 + draw(5) }, () => SENTENCES[draw(SENTENCES.length)]).join(
      draw(3) === 0 ? '\n' : ' ',
    ),
  }))
}

const KEYWORDS = ['refund', 'lawsuit', 'urgent', 'angry', 'broken', 'gdpr']

function scanForKeywords({ subject, message }: TicketText): number {
  const text = `${subject}\n${message}`.toLowerCase()
  return KEYWORDS.filter((keyword) => text.includes(keyword)).length
}

function rateOf(texts: readonly TicketText[], work: (text: TicketText) => number): number {
  let sum = 0
  const milliseconds = processorMillisecondsOf(() => {
    for (const text of texts) sum += work(text)
  })
  // The sum is used, so that no engine may leave the work out.
  if (sum < 0) console.log(sum)
  return texts.length / (milliseconds / 1_000)
}

/** Processor time where a whole round is measured, so that what else runs on the machine is left out. */
function processorMillisecondsOf(work: () => unknown): number {
  const began = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1_000
}

function millisecondsOf(work: () => unknown): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const perSecond = (rate: number) => `${Math.round(rate).toLocaleString('en').padStart(9)} texts/s`

/** What could make a matcher slow: long runs of what it looks for, or of what it has to skip. */
function nastyTexts(): Record<string, string> {
  const fill = (piece: string) => piece.repeat(Math.ceil(MEGABYTE / piece.length)).slice(0, MEGABYTE)
  const terms = readFileSync(new URL('../src/desks/support/classification/rules.yaml', import.meta.url), 'utf8')
  const firstWords = [...terms.matchAll(/[[,]\s*(\p{L}+)/gu)].map(([, word]) => word).join(' ')
  return {
    'one term repeated': fill('refund '),
    'negations only': fill('not no never nicht kein ne pas '),
    'first words of phrases': fill(`${firstWords} `),
    'gaps of phrases': fill('i demand charge charge not back my bank '),
    'the rules themselves': fill(terms),
    'no spaces': fill('refundlawsuit'),
    'distinct words': Array.from(
      { length: MEGABYTE / 8 },
      (_, number) => `w${number.toString(36).padStart(6, 'q')}`,
    ).join(' '),
    'emoji only': fill('😡👍🏽🎉'),
    'zero-width only': fill('\u200b\u200d\ufeff'),
    'zero-width inside a word': `re${fill('\u200b')}fund`,
    'open tags': fill('<a '),
    'comments never closed': fill('<!-- <style> '),
    entities: fill('&amp;&eacute;&#x41;'),
    'line breaks': fill('\n'),
    'quoted lines': fill('> I will sue you\n'),
    'header lines': fill('From: x\n\nOn x y\n'),
    apostrophes: fill("l'd'qu'n't'"),
    'full-width capitals': fill('ＲＥＦＵＮＤ '),
    'question marks': fill('?! '),
    dots: fill('.'),
    addresses: fill('a@b.c://'),
  }
}

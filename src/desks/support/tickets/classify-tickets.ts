import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { type Classification, type Classifier, type CompiledRules, classify } from '../classification/index.ts'
import { listStoredVersions } from './classification-store.ts'
import { storedMatch } from './stored-match.ts'
import type { ClassifiedTicket, DeliveredTicket, Judgement } from './ticket.ts'
import { isNews, toldAt } from './told-time.ts'

/** Says what delivered tickets mean, by the rules of their tenant. */
export type ClassifyTickets = (tenantId: TenantId, tickets: readonly DeliveredTicket[]) => Promise<ClassifiedTicket[]>

/**
 * The same for tickets of which most are known already: those that the tenant has as they are, or newer, need no more
 * work and are only counted. What somebody writes meanwhile is as if it had been told after them.
 */
export type ClassifyNews = (
  tenantId: TenantId,
  tickets: readonly DeliveredTicket[],
  origin: string,
) => Promise<{ news: ClassifiedTicket[]; unchanged: number }>

type Dependencies = {
  classifier: Classifier
  database: Database
  logger: Logger
  /** How far ahead of ours the clock of a helpdesk may be. */
  skewSeconds: number
}

export function classifyTicketsWith({ classifier, database, logger, skewSeconds }: Dependencies) {
  const classifyTickets: ClassifyTickets = async (tenantId, tickets) => {
    if (tickets.length === 0) return []
    const told = { now: Date.now(), skewSeconds }
    const toBeJudged = tickets.map((ticket) => toldAt(ticket, told))
    return judgeInTurns(await classifier.rulesOf(tenantId), toBeJudged, { log: logger.child({ tenant_id: tenantId }) })
  }
  const classifyNews: ClassifyNews = async (tenantId, tickets, origin) => {
    if (tickets.length === 0) return { news: [], unchanged: 0 }
    const ids = tickets.map(({ external_id }) => external_id)
    const stored = await database.withTenant(tenantId, (tx) => listStoredVersions(tx, ids, origin))
    const versions = new Map(stored.map((version) => [version.external_id, version]))
    const told = { now: Date.now(), skewSeconds }
    const mayBeNews = (ticket: DeliveredTicket) => {
      const version = versions.get(ticket.external_id)
      return version === undefined || isNews(toldAt(ticket, told), version)
    }
    const news = await classifyTickets(tenantId, tickets.filter(mayBeNews))
    return { news, unchanged: new Set(ids).size - new Set(news.map(({ external_id }) => external_id)).size }
  }
  return { classifyTickets, classifyNews }
}

/** How long texts keep everything else of this process waiting: requests, and answers of the database. */
const TURN_MS = 2

/**
 * Judges one text after the other, and lets everything else have its turn in between. Ends after `withinMs`, with the first
 * of them if not all: who holds a transaction open meanwhile does not hold it for as long as texts can be made to cost.
 */
export async function judgeInTurns<Text extends { subject: string; message: string }>(
  rules: CompiledRules,
  texts: readonly Text[],
  { log, withinMs = Number.POSITIVE_INFINITY }: { log: Logger; withinMs?: number },
): Promise<(Text & Judgement)[]> {
  const judged: (Text & Judgement)[] = []
  let incomplete = 0
  const began = performance.now()
  let turnEnds = began + TURN_MS
  for (const text of texts) {
    const { isIncomplete, ...judgement } = judge(rules, text)
    judged.push({ ...text, ...judgement })
    if (isIncomplete) incomplete += 1
    if (performance.now() < turnEnds) continue
    if (performance.now() - began > withinMs) break
    await nextTurn()
    turnEnds = performance.now() + TURN_MS
  }
  if (incomplete > 0) {
    const about = { count: incomplete, component: 'classification' }
    log.warn(about, 'texts took all the work that terms may make of one, and are judged by what was found until then')
  }
  return judged
}

/** More say nothing more about a ticket, and each counts in the statistics. */
const KEYWORDS_MAX = 10
export const KEYWORD_CHARACTERS_MAX = 60

/** What the rules say about a text, in the columns of a ticket; and whether that is all they could say. */
export function judge(
  rules: CompiledRules,
  text: { subject: string; message: string },
): Judgement & { isIncomplete: boolean } {
  const { urgency, sentiment, requires_action, language, rule_version, matches, incomplete } = classify(rules, text)
  return {
    isIncomplete: incomplete === true,
    ...{ urgency, sentiment, requires_action, rule_version },
    matches: matches.map(storedMatch),
    language: language === 'unknown' ? null : language,
    keywords: keywordsOf(rules, matches),
  }
}

/**
 * The words that made a ticket a matter, in lower case. How somebody feels is no keyword, nor is a faint sign: a case
 * number stands in one ticket, and a counter of its own would tell nothing.
 */
function keywordsOf({ faint }: CompiledRules, matches: Classification['matches']): string[] {
  const words = matches
    .filter(
      ({ rule, dimension, score, text }) => dimension !== 'sentiment' && score > 0 && text !== '' && !faint.has(rule),
    )
    .map(({ text }) => text.toLowerCase().replace(/\s+/g, ' ').slice(0, KEYWORD_CHARACTERS_MAX).toWellFormed())
  return [...new Set(words)].slice(0, KEYWORDS_MAX)
}

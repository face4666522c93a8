import { z } from 'zod'
import { defineTaskKind, PermanentFailure, type TaskKind } from '../../../core/tasks/index.ts'
import type { OutboundBudget } from '../../../platform/resilience/index.ts'
import { upsertTickets } from '../tickets/index.ts'
import { ingestionFault } from './faults.ts'
import { fetchPage } from './fetch-page.ts'
import { afterPage, type RunProgress, startOrResume } from './progress.ts'
import { type Provider, ProviderError } from './provider.ts'
import { readTickets } from './read-ticket.ts'

export type IngestionPayload = Record<string, never>

/**
 * Walks the provider's pages until it says that there are no more, and stores the tenant's own tickets: each page and
 * the progress past it in one transaction. An attempt after a crash goes on with the first page that was not stored.
 */
export function ingestionRun(source: {
  provider: Provider
  budget: OutboundBudget
}): TaskKind<IngestionPayload, RunProgress> {
  return defineTaskKind<IngestionPayload, RunProgress>({
    name: 'ingestion.run',
    payload: z.strictObject({}),
    retry: { attemptsMax: 5, baseSeconds: 5, capSeconds: 60 },
    timeLimitSeconds: 6 * 3_600,
    handle: async ({ tenantId, progress, signal, log, write }) => {
      let reached = startOrResume(progress)
      while (reached.next_page !== null) {
        const page = await fetchPage(source, reached.next_page, { signal, log }).catch(explainRefusal)
        const { tickets, failed } = readTickets(page.tickets, tenantId)
        for (const { reason } of failed) log.warn({ page: reached.next_page, reason }, 'a ticket cannot be used')
        await write(async (tx) => {
          reached = afterPage(reached, page, await upsertTickets(tx, tickets), failed.length)
          return reached
        })
      }
      return { pages: reached.processed_pages, ...reached.counts }
    },
  })
}

function explainRefusal(error: unknown): never {
  if (error instanceof ProviderError && error.kind === 'refused') {
    const refusal = { code: 'ingestion.provider_refused', message: `The helpdesk refused the call: ${error.message}.` }
    throw new PermanentFailure(refusal, { cause: error })
  }
  if (error instanceof ProviderError) {
    throw ingestionFault('ingestion.provider_unavailable', {
      public: `The helpdesk cannot be used just now: ${error.message}.`,
      internal: error.message,
      cause: error,
    })
  }
  throw error
}

import { ProviderError } from './port.ts'

/** What an HTTP status means at one helpdesk, said to whoever set up the connection. */
export type Refusals = { readonly [status: number]: string }

/** Settles like the call; a status that has a sentence is refused with it, and keeps its status. */
export async function explainRefusal<Answer>(refusals: Refusals, call: Promise<Answer>): Promise<Answer> {
  try {
    return await call
  } catch (error) {
    const status = error instanceof ProviderError ? error.status : undefined
    const sentence = status === undefined ? undefined : refusals[status]
    if (status === undefined || sentence === undefined) throw error
    throw new ProviderError('refused', sentence, { cause: error, status })
  }
}

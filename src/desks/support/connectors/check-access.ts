import { abortable } from '../../../kernel/abort.ts'
import { connectorFault } from './faults.ts'
import type { ChangeSource } from './port.ts'
import { ProviderError } from './port.ts'

/** Somebody waits for the answer; the calls have their own time limits, this is for all of them. */
const WITHIN_MS = 25_000

/**
 * Asks the helpdesk whose the credentials are, and whether they can read tickets.
 *
 * @throws connectors.check_refused, connectors.check_failed
 */
export async function checkAccess(source: ChangeSource, gone: AbortSignal): Promise<string> {
  const timeout = AbortSignal.timeout(WITHIN_MS)
  const signal = AbortSignal.any([gone, timeout])
  try {
    const { account } = await abortable(source.check(signal), signal)
    return account
  } catch (error) {
    gone.throwIfAborted()
    if (timeout.aborted) throw failed('it did not answer in time', error)
    if (!(error instanceof ProviderError)) throw error
    if (error.kind !== 'refused') throw failed(error.message, error)
    throw connectorFault('connectors.check_refused', {
      public: `The helpdesk does not let these settings and credentials in: ${error.message}. Nothing was saved.`,
      internal: error.message,
      cause: error,
    })
  }
}

const failed = (why: string, cause: unknown) =>
  connectorFault('connectors.check_failed', {
    public: `The helpdesk could not be asked: ${why}. Nothing was saved; try again in a while.`,
    internal: why,
    cause,
  })

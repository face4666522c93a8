import { abortable } from '../../kernel/abort.ts'
import { type Outbound, OutboundRefused } from '../../platform/outbound/index.ts'
import { channelFault } from './faults.ts'

/** Somebody waits for the answer; a name server may take its time. */
const WITHIN_MS = 10_000

/**
 * Whether an address may be called, before it is kept. Nothing is sent there.
 *
 * @throws channels.address_refused
 */
export async function checkAddress(outbound: Pick<Outbound, 'check'>, url: string, gone: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(WITHIN_MS)
  try {
    await abortable(outbound.check(url), AbortSignal.any([gone, timeout]))
  } catch (error) {
    gone.throwIfAborted()
    const isRefused = error instanceof OutboundRefused
    if (!isRefused && !timeout.aborted) throw error
    throw channelFault('channels.address_refused', {
      public: `${isRefused ? error.public : 'The name of the host could not be resolved in time.'} Nothing was saved.`,
      internal: isRefused ? error.message : `no name server answered within ${WITHIN_MS} ms`,
      cause: error,
    })
  }
}

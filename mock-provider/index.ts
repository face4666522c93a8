import { createControl, type ProviderControl } from './control.ts'
import { checkOptions, defaultOptions, type Options } from './options.ts'
import { createProvider } from './provider.ts'
import { listen } from './server.ts'

export type { Call, CallPage } from './call-log.ts'
export { ControlError, type ProviderControl } from './control.ts'
export { type Fault, FaultError } from './faults.ts'
export type { NotifiedTicket } from './notify.ts'
export { type NotifyMode, type Options, OptionsError } from './options.ts'
export type { Ticket, TicketCounts } from './tickets.ts'

export type MockProviderOptions = Partial<Options> & {
  /** The clock, in milliseconds since the epoch; what limiter, circuit, log and `realistic` data go by. */
  now?: () => number
}

export type MockProvider = ProviderControl & {
  url: string
  host: string
  port: number
  /** Ends every connection, hanging ones too. May be called twice. */
  close(): Promise<void>
}

/**
 * Starts the external helpdesk. Throws an OptionsError for a setting out of bounds, and rejects with the system's
 * error when the address is taken.
 */
export async function startMockProvider({
  now = Date.now,
  ...options
}: MockProviderOptions = {}): Promise<MockProvider> {
  const provider = createProvider({ ...defaultOptions, ...checkOptions(options) }, now)
  const control = createControl(provider, now)
  const { port, close } = await listen(provider, control)
  const { host } = provider.knobs()
  const authority = host.includes(':') ? `[${host}]` : host
  return { ...control, url: `http://${authority}:${port}`, host, port, close }
}

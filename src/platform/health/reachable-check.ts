import { connect } from 'node:net'
import { z } from 'zod'
import { type HealthCheck, healthCheck } from './health-check.ts'

/** So often a dependency sees a connection at the most, however often somebody asks. */
const LOOK_EVERY_MS = 5_000

const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443, 'smtp:': 25, 'smtps:': 465 }

/**
 * Whether somebody listens where the configuration says that a dependency is. Only a connection is made and closed again:
 * nothing is asked, so it counts as no call there.
 */
export function reachableCheck({ name, what, url }: { name: string; what: string; url: string }): HealthCheck {
  let seen: { at: number; milliseconds: number } | undefined
  return healthCheck({
    name,
    critical: true,
    about: `Whether a connection to ${what} can be made. Failing: nobody listens there, or not within a second.`,
    fields: { latency_ms: z.number().meta({ description: 'How long the last connection took to make' }) },
    probe: async (_database, signal) => {
      if (!seen || performance.now() - seen.at > LOOK_EVERY_MS) {
        // A failure is looked at again each time: it should be over as soon as it is.
        seen = undefined
        const milliseconds = await timeToConnect(new URL(url), signal)
        seen = { at: performance.now(), milliseconds }
      }
      return { status: 'ok', latency_ms: seen.milliseconds }
    },
  })
}

function timeToConnect({ protocol, hostname, port }: URL, signal: AbortSignal): Promise<number> {
  const started = performance.now()
  // An IPv6 address stands in brackets in a URL and without them everywhere else.
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = connect({ host, port: port === '' ? (DEFAULT_PORTS[protocol] ?? 80) : Number(port), signal })
  return new Promise<number>((resolve, reject) => {
    socket.once('connect', () => resolve(Math.round((performance.now() - started) * 10) / 10))
    socket.once('error', reject)
  }).finally(() => socket.destroy())
}

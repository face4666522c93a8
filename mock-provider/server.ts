import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProviderControl } from './control.ts'
import { answerControl, isControlPath } from './control-routes.ts'
import { detail, type Incoming, type Reply, readBody, send, sendHalf, splitTarget } from './exchange.ts'
import { answer, routeOf } from './external-routes.ts'
import type { Fault } from './faults.ts'
import type { Provider } from './provider.ts'
import { untilAborted, wait } from './wait.ts'

const SLOW_MS = 5_000
const HTML_PAGE =
  '<!doctype html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n'

export type Listening = {
  port: number
  /** Ends every connection, hanging ones too, and settles when nothing runs any more. May be called twice. */
  close(): Promise<void>
}

/** Serves the provider and its control. Rejects when the address cannot be listened on. */
export async function listen(provider: Provider, control: ProviderControl): Promise<Listening> {
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    const call = serve(request, response)
      .catch((error: unknown) => fail(response, error))
      .finally(() => running.delete(call))
    running.add(call)
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = splitTarget(request.url)
    const method = request.method ?? 'GET'
    const gone = new AbortController()
    const isControl = isControlPath(path)
    const entry = isControl ? undefined : provider.calls.arrive({ method, path, query })
    response.on('close', () => {
      entry?.end(response.headersSent ? response.statusCode : null)
      gone.abort()
    })
    const finish = (reply: NonNullable<Reply>) => {
      // Before the last byte leaves: a caller that has the answer must find it in the log.
      entry?.end(reply.status)
      send(response, reply)
    }

    const body = await readBody(request).catch(() => undefined)
    if (body === undefined) return
    if (body === null) return finish({ ...detail(413, 'Payload Too Large'), headers: { connection: 'close' } })
    const contentType = request.headers['content-type']
    const signals = { callerGone: gone.signal, closing: closing.signal }
    const incoming = { method, path, query: new URLSearchParams(query), body, contentType, ...signals }

    if (isControl) return finish(answerControl(control, incoming) ?? detail(404, 'Not Found'))
    const fault = takeFault(incoming)
    if (fault) entry?.fault(fault.kind)
    const reply = await answerWithFault(fault, incoming, request)
    if (!reply) return void response.destroy()
    if (fault?.kind === 'half_body') return sendHalf(response, reply)
    finish(reply)
  }

  function takeFault({ path, query, body }: Incoming): Fault | undefined {
    const found = routeOf(path)
    if (!found) return undefined
    return provider.faults.take(found.route, { ...fieldsOf(body), ...Object.fromEntries(query), ...found })
  }

  /** `slow` and `half_body` happen to a call that is served; the others stand in front of the provider and cost no budget. */
  async function answerWithFault(
    fault: Fault | undefined,
    incoming: Incoming,
    request: IncomingMessage,
  ): Promise<Reply> {
    const headers = fault?.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) }
    switch (fault?.kind) {
      case 'status': {
        const status = fault.status ?? 500
        return fault.body === undefined
          ? detail(status, 'Injected fault', headers)
          : { status, headers, body: fault.body }
      }
      case 'html':
        return { status: fault.status ?? 502, headers, body: HTML_PAGE }
      case 'wrong_json':
        return { status: fault.status ?? 200, body: fault.body ?? { unexpected: ['shape'] } }
      case 'reset':
        request.socket.resetAndDestroy()
        return null
      case 'hang':
        await untilAborted(incoming.callerGone)
        return null
      case 'slow':
        return (await wait(fault.delay_ms ?? SLOW_MS, incoming.callerGone)) ? answer(provider, incoming) : null
      default:
        return answer(provider, incoming)
    }
  }

  const { port, host } = provider.knobs()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

  let closed: Promise<void> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      closed ??= (async () => {
        const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
        closing.abort()
        server.closeAllConnections()
        await Promise.all([stopped, ...running])
      })()
      return closed
    },
  }
}

/** An error nobody foresaw: answered as the original's framework does, and made visible to whoever runs it. */
function fail(response: ServerResponse, error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
  if (response.headersSent) response.destroy()
  else send(response, { status: 500, body: 'Internal Server Error' })
}

function fieldsOf(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}

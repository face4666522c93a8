import { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import { type Outbound, OutboundRefused } from '../../platform/outbound/index.ts'
import { retryAfterSeconds } from '../../platform/resilience/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { defineTaskKind, PermanentFailure, RetryLater, type TaskContext, type TaskKind } from '../tasks/index.ts'
import { requestFault } from './faults.ts'
import { SecretName, secretContext } from './secret.ts'
import { findSecrets } from './store.ts'

/** Of an answer, kept in the result. */
const ANSWER_BYTES_MAX = 65_536
const RETRY_AFTER_CAP_SECONDS = 3_600

/** A header is a text, or the name of a secret that is put there when the request leaves. */
const HeaderValue = z.union([z.string().max(4_096), z.strictObject({ secret: SecretName })])

const Payload = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  headers: z
    .record(
      z
        .string()
        .max(100)
        .regex(/^[A-Za-z0-9-]+$/),
      HeaderValue,
    )
    .default({})
    .refine((headers) => Object.keys(headers).length <= 50, 'has more than 50 headers')
    .meta({ description: 'Texts, or `{"secret": "name"}`; `Idempotency-Key` is the task’s id unless it is given' }),
  body: z.string().max(200_000).optional(),
  timeout_seconds: z.int().min(1).max(120).default(30),
})
export type RequestPayload = z.output<typeof Payload>

type Dependencies = { database: Database; sealer: Sealer; outbound: Outbound }

/**
 * Sends one request through the outbound guard: to public addresses, over https, following no redirect. 2xx is done; 408, 429 and
 * 5xx, no connection and no answer in time are tried again; every other answer is final.
 */
export function httpRequest(dependencies: Dependencies): TaskKind<RequestPayload> {
  return defineTaskKind<RequestPayload>({
    name: 'http.request',
    payload: Payload,
    retry: { attemptsMax: 8, baseSeconds: 1, capSeconds: 300 },
    timeLimitSeconds: 180,
    offer: { about: 'Sends one HTTP request to a public address.', permission: 'request.send' },
    handle: async (context) => readAnswer(await send(dependencies, context)),
  })
}

async function send({ database, sealer, outbound }: Dependencies, context: TaskContext<RequestPayload, unknown>) {
  const { tenantId, taskId, payload, signal } = context
  const { url, method, body, timeout_seconds } = payload
  const headers = await fillHeaders({ database, sealer }, tenantId, payload)
  try {
    return await outbound.fetch(url, {
      ...{ method, redirect: 'manual', ...(body === undefined ? {} : { body }) },
      headers: { 'user-agent': 'Signalbox', 'idempotency-key': taskId, ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout_seconds * 1_000)]),
    })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof OutboundRefused) {
      throw new PermanentFailure({ code: 'requests.refused_address', message: error.message }, { cause: error })
    }
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    throw requestFault('requests.failed', {
      public: isTimeout
        ? `There was no answer within ${timeout_seconds} s.`
        : 'No connection could be made, or it broke.',
      internal: 'a request of a task failed',
      cause: error,
    })
  }
}

/** Puts secrets in where they are named, each only into requests to the host that it is for. */
async function fillHeaders(
  { database, sealer }: Pick<Dependencies, 'database' | 'sealer'>,
  tenantId: TenantId,
  { url, headers }: RequestPayload,
): Promise<Record<string, string>> {
  const names = Object.values(headers).flatMap((value) => (typeof value === 'string' ? [] : [value.secret]))
  const known = names.length === 0 ? [] : await database.withTenant(tenantId, (tx) => findSecrets(tx, names))
  const { host } = new URL(url)
  const secretNamed = (name: string) => {
    const found = known.find((secret) => secret.name === name)
    if (!found) throw unusable(`There is no secret named ${name}.`)
    if (found.host !== host) throw unusable(`The secret ${name} is for ${found.host}, not for ${host}.`)
    try {
      return sealer.open(found.sealed, secretContext(tenantId, name, host))
    } catch (cause) {
      throw unusable(`The secret ${name} can no longer be read. Write it anew.`, cause)
    }
  }
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : secretNamed(value.secret),
    ]),
  )
}

const unusable = (message: string, cause?: unknown) =>
  new PermanentFailure({ code: 'requests.secret_unusable', message }, { cause })

async function readAnswer(response: Response) {
  const { status } = response
  const text = await readStart(response)
  if (status >= 200 && status < 300) return { status, body: text }
  const said = `The address answered ${status}.`
  if (status === 408 || status === 429 || status >= 500) {
    const after = retryAfterSeconds(response.headers.get('retry-after'), new Date(), RETRY_AFTER_CAP_SECONDS)
    throw new RetryLater({ code: 'requests.failed', message: said }, after)
  }
  const isRedirect = status >= 300 && status < 400
  const message = isRedirect ? `${said} Redirects are not followed: name the address that it leads to.` : said
  throw new PermanentFailure({ code: 'requests.refused', message })
}

async function readStart(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let [bytes, text] = [0, '']
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk.subarray(0, ANSWER_BYTES_MAX - bytes), { stream: true })
    bytes += chunk.byteLength
    if (bytes >= ANSWER_BYTES_MAX) break
  }
  return text
}

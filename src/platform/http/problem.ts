import type { FastifyError, FastifyRequest } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  ResponseSerializationError,
  type ZodFastifySchemaValidationError,
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Fault } from '../../kernel/faults.ts'
import { databaseFault } from '../database/index.ts'
import { httpFault } from './faults.ts'

/** RFC 9457 problem document, as every error of this API answers. */
export const Problem = z
  .looseObject({
    type: z.string().meta({ description: 'Address of the page about this kind of error, relative to the API’s root' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What to do' }),
    code: z.string(),
    request_id: z.string().meta({ description: 'Name this when you ask for help' }),
    errors: z.array(z.object({ in: z.string(), field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })

type FieldError = { in: string; field: string; message: string }

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  408: 'Timed out',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  502: 'Bad gateway',
  503: 'Unavailable',
}

export function problemBody(fault: Fault, requestId: string) {
  return {
    ...fault.extensions,
    type: `/errors/${fault.code}`,
    title: TITLES[fault.status] ?? 'Error',
    status: fault.status,
    detail: fault.public,
    code: fault.code,
    request_id: requestId,
  }
}

/** Turns whatever was thrown while answering into the fault that the caller sees. */
export function toFault(error: unknown, request: FastifyRequest): Fault {
  if (error instanceof Fault) return error
  if (error instanceof ResponseSerializationError)
    return internalFault('the answer does not fit its declared schema', error)
  if (hasZodFastifySchemaValidationErrors(error)) {
    const where = (error as { validationContext?: string }).validationContext ?? 'request'
    return invalid(error.validation.flatMap((issue) => nearest(issue)).flatMap((issue) => fieldErrors(where, issue)))
  }
  return fromFastify(error as FastifyError, request) ?? fromDatabase(error) ?? internalFault('unexpected error', error)
}

/** 422 that names each field with its bound. */
export function invalid(errors: FieldError[]): Fault {
  const named = errors.map(({ in: where, field, message }) => `${where} ${field}: ${message}`).join('; ')
  return httpFault('http.invalid', {
    public: `Mend and send again: ${named}`.slice(0, 2_000),
    internal: `invalid ${errors.map(({ in: where, field }) => `${where}.${field}`).join(', ')}`.slice(0, 500),
    extensions: { errors: errors.slice(0, 50) },
  })
}

const PLACES: Record<string, string> = { querystring: 'query', body: 'body', params: 'path', headers: 'header' }

type Issue = { code: string; path: PropertyKey[]; message: string; keys?: string[]; errors?: Issue[][]; note?: string }

/**
 * Of what may be one of several things, what is wrong with the one that was meant: that names its kind, then the one with fewest errors,
 * then the one whose errors lie deepest, as all above them fits.
 */
function nearest(issue: ZodFastifySchemaValidationError): ZodFastifySchemaValidationError[] {
  const { errors = [] } = issue.params as { errors?: Issue[][] }
  const isOther = (issues: Issue[]) => issues.some(({ note }) => note === 'No matching discriminator')
  const depth = (issues: Issue[]) => Math.max(0, ...issues.map(({ path }) => path.length))
  const [best] = errors.toSorted(
    (a, b) => Number(isOther(a)) - Number(isOther(b)) || a.length - b.length || depth(b) - depth(a),
  )
  if (issue.keyword !== 'invalid_union' || !best) return [issue]
  return best.flatMap(({ code, path, message, ...params }) =>
    nearest({
      ...{ ...issue, keyword: code as typeof issue.keyword, message, params: params as typeof issue.params },
      instancePath: [issue.instancePath.replace(/\/$/, ''), ...path.map(String)].join('/'),
    }),
  )
}

function fieldErrors(context: string, issue: ZodFastifySchemaValidationError): FieldError[] {
  const where = PLACES[context] ?? context
  const { keys } = issue.params as { keys?: string[] }
  const place = issue.instancePath.slice(1).replaceAll('/', '.')
  if (issue.keyword === 'unrecognized_keys' && keys) {
    const within = place === '' ? '' : `${place}.`
    const message = 'is not a known field'
    return keys.slice(0, 20).map((key) => ({ in: where, field: `${within}${key}`.slice(0, 100), message }))
  }
  const field = place || '(whole)'
  return [{ in: where, field, message: issue.message ?? 'is not valid' }]
}

function fromFastify(error: FastifyError, request: FastifyRequest): Fault | null {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return httpFault('http.body_too_large', {
        public: `The body may have at most ${request.routeOptions.bodyLimit} bytes. Send it in smaller parts.`,
        internal: 'body over the limit',
      })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return httpFault('http.unsupported_media_type', {
        public: 'Send the body as `Content-Type: application/json`.',
        internal: 'content type not supported',
      })
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return httpFault('http.broken_json', { public: 'The body is not valid JSON.', internal: 'broken JSON body' })
    default:
      if (error.statusCode === undefined || error.statusCode >= 500 || error.statusCode < 400) return null
      if (error.statusCode === 400 && /JSON|prototype property/i.test(error.message)) {
        return httpFault('http.broken_json', { public: 'The body is not valid JSON.', internal: error.message })
      }
      return httpFault('http.bad_request', {
        public: 'The request is malformed. Check its address, headers and length.',
        internal: `${error.code}: ${error.message}`,
        cause: error,
      })
  }
}

/** SQLSTATE classes and driver messages that mean "not now" rather than "wrong". */
const UNAVAILABLE_STATES = new Set([
  ...['57P01', '57P02', '57P03', '53300', '08006', '08001', '08003', '57014', '55P03', '25P03', '40P01'],
])
const UNAVAILABLE_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
])
const UNAVAILABLE_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (has encountered|was closed)/

function fromDatabase(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null
  const { code } = error as { code?: string }
  const isUnavailable =
    (code !== undefined && (UNAVAILABLE_STATES.has(code) || UNAVAILABLE_CODES.has(code))) ||
    UNAVAILABLE_MESSAGES.test(error.message)
  if (!isUnavailable) return null
  return databaseFault('database.unavailable', {
    public: 'The service cannot reach its database just now. Try again in a few seconds.',
    internal: `database unavailable: ${code ?? error.message}`,
    cause: error,
    headers: { 'retry-after': '5' },
  })
}

function internalFault(internal: string, cause: unknown): Fault {
  return httpFault('http.internal', {
    public: 'Something broke on our side. Try again; if it stays, report the request_id.',
    internal,
    cause,
  })
}

import { declareFaults } from '../../kernel/faults.ts'

export const httpFault = declareFaults({
  'http.unauthenticated': 401,
  'http.forbidden': 403,
  'http.cross_site': 403,
  'http.route_not_found': 404,
  'http.tenant_not_found': 404,
  'http.broken_json': 400,
  'http.bad_request': 400,
  'http.request_timeout': 408,
  'http.body_too_large': 413,
  'http.unsupported_media_type': 415,
  'http.invalid': 422,
  'http.json_too_complex': 422,
  'http.too_many_requests': 429,
  'http.headers_too_large': 431,
  'http.internal': 500,
  'http.draining': 503,
  'http.overloaded': 503,
  'idempotency.in_flight': 409,
  'idempotency.answer_not_kept': 409,
  'idempotency.key_reused': 422,
})

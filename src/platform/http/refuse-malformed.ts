import type { Socket } from 'node:net'
import type { Fault } from '../../kernel/faults.ts'
import { endConnection, rawProblem } from './end-connection.ts'
import { httpFault } from './faults.ts'

/** Answers what never becomes a request: headers that are too long, that take too long, or that are not HTTP at all. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  endConnection(socket, rawProblem(faultOf(error)))
}

function faultOf(error: Error & { code?: string }): Fault {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return httpFault('http.headers_too_large', {
        public: 'Address and headers together may have at most 16 KB. Send less in them.',
        internal: 'headers over the limit of the HTTP server',
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return httpFault('http.request_timeout', {
        public: 'The request did not arrive completely in time. Send it again.',
        internal: 'a request was not complete in time',
      })
    default:
      return httpFault('http.bad_request', {
        public: 'This is not an HTTP request. Check its first line and its headers.',
        internal: `malformed request: ${error.code}`,
        cause: error,
      })
  }
}

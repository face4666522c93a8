import { CALL_PAGE_LIMIT } from './call-log.ts'
import { ControlError, type ProviderControl } from './control.ts'
import { detail, type Incoming, type Reply } from './exchange.ts'
import { FaultError } from './faults.ts'
import { checkOptions, knobNames, OptionsError, wireName } from './options.ts'

type Handler = (control: ProviderControl, call: { incoming: Incoming; id: string }) => unknown

/** `:id` stands for one segment of the path. What a handler returns is sent with 200; nothing is sent as 204. */
const routes: Record<string, Handler> = {
  'GET /_control': overview,
  'PATCH /_control'(control, { incoming }) {
    control.set(knobsFromWire(readObject(incoming)))
    return overview(control)
  },
  'POST /_control/reset': (control) => control.reset(),
  'POST /_control/restart': (control) => control.restart(),
  'GET /_control/changes': (control) => ({ deleted_ids: control.deletedIds(), modified_ids: control.modifiedIds() }),
  'POST /_control/tickets': (control, { incoming }) => control.insertTicket(readObject(incoming)),
  'PATCH /_control/tickets/:id': (control, { incoming, id }) => control.changeTicket(id, readObject(incoming)),
  'POST /_control/tickets/:id/delete': (control, { id }) => control.deleteTicket(id),
  'POST /_control/tickets/:id/restore': (control, { id }) => control.restoreTicket(id),
  'GET /_control/faults': (control) => control.faults(),
  'PUT /_control/faults'(control, { incoming }) {
    const faults = readJson(incoming)
    if (!Array.isArray(faults)) throw new ControlError(422, 'The body must be a list of faults; [] takes all down.')
    control.setFaults(faults)
    return control.faults()
  },
  'GET /_control/calls'(control, { incoming: { query } }) {
    return control.calls(wholeNumber(query, 'since', 0), wholeNumber(query, 'limit', CALL_PAGE_LIMIT))
  },
  'DELETE /_control/calls': (control) => control.clearCalls(),
  'GET /_control/notifications': (control) => control.notifications(),
}

export const isControlPath = (path: string): boolean => path === '/_control' || path.startsWith('/_control/')

/** Answers a call to `/_control`; these calls are not logged and no fault is played on them. */
export function answerControl(control: ProviderControl, incoming: Incoming): Reply {
  const match = /^(\/_control\/tickets\/)([^/]+)(\/delete|\/restore|)$/.exec(incoming.path)
  const pattern = match ? `${match[1]}:id${match[3]}` : incoming.path
  const handler = routes[`${incoming.method} ${pattern}`]
  if (!handler) return detail(404, `There is no ${incoming.method} ${incoming.path}.`)
  try {
    const body = handler(control, { incoming, id: decodeURIComponent(match?.[2] ?? '') })
    return body === undefined ? { status: 204, body: '' } : { status: 200, body }
  } catch (error) {
    if (error instanceof ControlError) return detail(error.status, error.message)
    const isRefusal = error instanceof OptionsError || error instanceof FaultError || error instanceof URIError
    if (isRefusal) return detail(422, error.message)
    throw error
  }
}

function overview(control: ProviderControl) {
  const knobs = control.knobs()
  return {
    knobs: Object.fromEntries(knobNames.map((name) => [wireName(name), knobs[name]])),
    counts: control.counts(),
    faults: control.faults(),
  }
}

function knobsFromWire(body: Record<string, unknown>) {
  const known = knobNames.map(wireName)
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new ControlError(422, `There is no knob ${unknown}; there are ${known.join(', ')}.`)
  return checkOptions(body, wireName)
}

function readJson(incoming: Incoming): unknown {
  try {
    return JSON.parse(incoming.body || '{}')
  } catch {
    throw new ControlError(422, 'The body is not JSON.')
  }
}

function readObject(incoming: Incoming): Record<string, string> {
  const body = readJson(incoming)
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, string>
  throw new ControlError(422, 'The body must be a JSON object.')
}

function wholeNumber(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name)
  if (text === null) return fallback
  if (!/^\d{1,15}$/.test(text)) throw new ControlError(422, `${name} must be a whole number, e.g. ${name}=${fallback}.`)
  return Number(text)
}

export type Answer<Body = Record<string, unknown>> = { status: number; headers: Headers; body: Body; text: string }

/** Calls the API over HTTP; a body that is not a string is sent as JSON. */
export async function call<Body = Record<string, unknown>>(
  url: string,
  request: {
    method?: string
    token?: string
    body?: unknown
    headers?: Record<string, string>
    signal?: AbortSignal
  } = {},
): Promise<Answer<Body>> {
  const { method = 'GET', token, body, headers = {}, signal } = request
  const response = await fetch(url, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  // A stream of events may never end; whoever calls this way only wants to know whether there is one.
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  if (isStream) await response.body?.cancel()
  const text = isStream ? '' : await response.text()
  const isJson = text !== '' && /[/+]json\b/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : {}) as Body, text }
}

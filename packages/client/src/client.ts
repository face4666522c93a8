import createFetchClient, { type FetchResponse, type MaybeOptionalInit } from 'openapi-fetch'
import type { HttpMethod, PathsWithMethod, RequiredKeysOf } from 'openapi-typescript-helpers'
import type { paths } from './api.generated.ts'
import { follow, type StreamEvent } from './events.ts'
import { problemOf } from './problem.ts'
import { type Fetch, RETRY, type Retried, type RetryPolicy, retrying } from './retry.ts'

export type ClientOptions = {
  /** Where the system serves, as in `http://127.0.0.1:8080`. */
  url: string
  /** An API key, a session's token or the operator's. A browser that is signed in by its cookie has none. */
  key?: string | undefined
  retry?: Partial<RetryPolicy>
  /** Told before each wait for another attempt. */
  onRetry?: (retried: Retried) => void
  /** Instead of the global one. */
  fetch?: Fetch
  /** Sent with each request. */
  headers?: Record<string, string>
}

type Answered<Path extends keyof paths, Method extends HttpMethod> =
  paths[Path] extends Record<Method, infer Operation>
    ? NonNullable<FetchResponse<Operation & Record<string, unknown>, object, `${string}/${string}`>['data']>
    : never

/** What a request says: `params` with its `path` and `query`, `body`, `headers`, `signal`. */
type Init<Path extends keyof paths, Method extends HttpMethod> = MaybeOptionalInit<
  paths[Path],
  Method & keyof paths[Path]
>
type Arguments<Asked> = RequiredKeysOf<Asked> extends never ? [init?: Asked] : [init: Asked]

type Call<Method extends HttpMethod> = <Path extends PathsWithMethod<paths, Method>>(
  path: Path,
  ...init: Arguments<Init<Path, Method>>
) => Promise<Answered<Path, Method>>

type Getter = PathsWithMethod<paths, 'get'>
/** Lists are answered in pages, each of which names the next one. */
type ListPath = {
  [Path in Getter]: Answered<Path, 'get'> extends { next_cursor: string | null } ? Path : never
}[Getter]
type Listed<Path extends ListPath, Name extends keyof Answered<Path, 'get'>> = Answered<
  Path,
  'get'
>[Name] extends (infer Item)[]
  ? Item
  : never

export type Client = ReturnType<typeof createClient>

/**
 * A client of the API. Every call answers with the body of a 2xx, and throws a `ProblemError` for what the API refuses, an
 * `UnreachableError` when it cannot be reached, and the reason of `signal` when that is aborted.
 */
export function createClient(options: ClientOptions) {
  const baseUrl = options.url.replace(/\/+$/, '')
  const headers: Record<string, string> = { ...options.headers }
  if (options.key !== undefined) headers.authorization = `Bearer ${options.key}`
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request))
  const fetch = retrying(send, { ...RETRY, ...options.retry }, options.onRetry)
  const http = createFetchClient<paths>({ baseUrl, headers, fetch })
  http.use({
    onResponse: async ({ response }) => {
      if (!response.ok && response.status !== 304) throw await problemOf(response)
    },
  })

  const caller = <Method extends HttpMethod>(method: Method): Call<Method> =>
    (async (path: never, init: never) => {
      const { data } = await http.request(method, path, init)
      return data
    }) as unknown as Call<Method>
  const get = caller('get')

  /** The pages of a list, from the first or from the cursor in `init` to the last. */
  async function* pages<Path extends ListPath>(path: Path, ...[init]: Arguments<Init<Path, 'get'>>) {
    const asked = init as { params?: { query?: object } } | undefined
    let query = asked?.params?.query
    while (true) {
      const next = { ...asked, params: { ...asked?.params, query } }
      const page = await get(path, ...([next] as never))
      yield page
      const { next_cursor: cursor } = page as { next_cursor: string | null }
      if (cursor === null) return
      query = { ...query, cursor }
    }
  }

  return {
    get,
    post: caller('post'),
    put: caller('put'),
    patch: caller('patch'),
    delete: caller('delete'),
    pages,

    /** The things of a list one after the other, over all pages: `each('/api/v1/tasks', 'tasks', { params })`. */
    async *each<Path extends ListPath, Name extends keyof Answered<Path, 'get'>>(
      path: Path,
      name: Name,
      ...init: Arguments<Init<Path, 'get'>>
    ): AsyncGenerator<Listed<Path, Name>> {
      for await (const page of pages(path, ...init)) yield* page[name] as Listed<Path, Name>[]
    },

    /**
     * The events of a stream, from now on until `isLast` says that nothing follows, or until `signal` is aborted. Resumes
     * what was cut where it stopped.
     */
    stream<Data = unknown>(
      path: string,
      { signal, isLast = () => false }: { signal?: AbortSignal; isLast?: (event: StreamEvent<Data>) => boolean } = {},
    ): AsyncGenerator<StreamEvent<Data>> {
      const last = isLast as (event: StreamEvent) => boolean
      return follow({ fetch, url: baseUrl + path, headers, signal, isLast: last }) as AsyncGenerator<StreamEvent<Data>>
    },

    /**
     * The answer as it came, for what is not JSON or where headers count: a 2xx, or the 304 that was asked for. `path` may
     * have a query.
     */
    async fetch(path: string, init: RequestInit = {}): Promise<Response> {
      const asked = new Request(baseUrl + path, { ...init, headers: { ...headers, ...(init.headers as object) } })
      const response = await fetch(asked)
      if (response.ok || response.status === 304) return response
      throw await problemOf(response)
    },
  }
}

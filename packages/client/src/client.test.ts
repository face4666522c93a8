import { beforeAll, describe, expect, it } from 'vitest'
import { factories } from '../../../test/harness/factories.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../test/harness/system.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { createClient, ProblemError, type Retried, UnreachableError } from './index.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)
const TENANT = 'alder'
const inTenant = { params: { query: { tenant_id: TENANT } } }

beforeAll(() => make.makeTenant(TENANT))

type Options = Partial<Parameters<typeof createClient>[0]>

/** A client of the system of these tests that waits milliseconds where others wait seconds. */
const clientOf = (options: Options = {}) =>
  createClient({ url: system.url, key: OPERATOR_TOKEN, retry: { baseSeconds: 0.001 }, ...options })

const countTasks = async () => (await clientOf().get('/api/v1/tasks', inTenant)).total

/** A network that lets requests arrive and loses so many answers. */
function losing(answers: number) {
  const sent: Request[] = []
  const fetch = async (request: Request) => {
    sent.push(request)
    const response = await globalThis.fetch(request)
    if (sent.length > answers) return response
    await response.body?.cancel()
    throw new TypeError('fetch failed', { cause: new Error('the answer was lost') })
  }
  return { fetch, sent }
}

/** One whose first answers are these, and which lets nothing arrive before. */
function answering(...answers: Response[]) {
  const fetch = async (request: Request) => answers.shift() ?? globalThis.fetch(request)
  return { fetch, left: answers }
}
const refusal = (status: number, retryAfter?: string) =>
  new Response('{}', { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } })

describe('a call', () => {
  it('answers with what the API says, in the types of its document', async () => {
    const made = await clientOf().post('/api/v1/tasks', { ...inTenant, body: { title: 'Say hello' } })
    const task = await clientOf().get('/api/v1/tasks/{task_id}', { params: { path: { task_id: made.task_id } } })
    expect(task).toMatchObject({ title: 'Say hello', kind: 'note.process', status: 'queued' })
    // @ts-expect-error a task has no colour
    expect(task.colour).toBeUndefined()
  })

  it('that is refused throws the sentence, the code and the request’s id', async () => {
    // @ts-expect-error a note needs a title
    const refused = clientOf().post('/api/v1/tasks', { ...inTenant, body: {} })
    const error = await refused.catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ProblemError)
    expect(error).toMatchObject({ status: 422, code: 'http.invalid', requestId: expect.stringMatching(/^\w/) })
    expect(error.message).toContain('title')
    expect(error.problem.errors).toEqual([expect.objectContaining({ in: 'body', field: 'title' })])
  })

  it('that somebody else than the API answers says who and what', async () => {
    const page = new Response('<h1>teapot</h1>', { status: 418 })
    Object.defineProperty(page, 'url', { value: `${system.url}/tasks` })
    const error = await clientOf({ fetch: async () => page })
      .get('/api/v1/tasks', inTenant)
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ status: 418, code: 'unknown', requestId: undefined })
    expect(error.message).toContain(new URL(system.url).host)
  })
})

describe('what is tried again', () => {
  it('happens once, though answers are lost', async () => {
    const before = await countTasks()
    const { fetch, sent } = losing(2)
    await clientOf({ fetch }).post('/api/v1/tasks', { ...inTenant, body: { title: 'Once' } })
    expect(sent).toHaveLength(3)
    expect(new Set(sent.map((request) => request.headers.get('idempotency-key'))).size).toBe(1)
    expect(await countTasks()).toBe(before + 1)
  })

  it('is one thing with the key that the caller names', async () => {
    const [before, headers] = [await countTasks(), { 'idempotency-key': 'mine' }]
    for (const _ of [1, 2]) await clientOf().post('/api/v1/tasks', { ...inTenant, headers, body: { title: 'Mine' } })
    expect(await countTasks()).toBe(before + 1)
  })

  it.each([429, 502, 503, 504])('is %i, after as long as the API asks', async (status) => {
    const heard: Retried[] = []
    const { fetch, left } = answering(refusal(status, '1'))
    await clientOf({ fetch, onRetry: (retried) => heard.push(retried) }).get('/api/v1/tasks', inTenant)
    expect(left).toEqual([])
    expect(heard).toEqual([expect.objectContaining({ attempt: 1, waitSeconds: 1 })])
  })

  it('is an attempt of the same key that is still under way', async () => {
    const underWay = new Response('{"code":"idempotency.in_flight","detail":"Wait."}', { status: 409 })
    const { fetch, left } = answering(underWay)
    await clientOf({ fetch }).post('/api/v1/tasks', { ...inTenant, body: { title: 'Under way' } })
    expect(left).toEqual([])
  })

  it('is not what the API refuses for good, nor what it puts off for longer than the cap', async () => {
    const heard: Retried[] = []
    const client = clientOf({ onRetry: (retried) => heard.push(retried) })
    await expect(client.get('/api/v1/tasks', { params: { query: { tenant_id: 'nobody' } } })).rejects.toMatchObject({
      status: 404,
    })
    const later = refusal(503, '3600')
    Object.defineProperty(later, 'url', { value: system.url })
    const { fetch } = answering(later)
    const put = clientOf({ fetch, onRetry: (retried) => heard.push(retried) }).get('/api/v1/tasks', inTenant)
    await expect(put).rejects.toMatchObject({ status: 503, retryAfterSeconds: 3_600 })
    expect(heard).toEqual([])
  })

  it('ends after as many attempts as were allowed, with what the network said', async () => {
    const waits: number[] = []
    const client = clientOf({
      ...{ url: 'http://127.0.0.1:9', retry: { attempts: 3, baseSeconds: 0.002, capSeconds: 0.003 } },
      fetch: async () => {
        throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) })
      },
      onRetry: ({ waitSeconds }) => waits.push(waitSeconds),
    })
    const error = await client.get('/api/v1/tasks', inTenant).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error.message).toBe('http://127.0.0.1:9 cannot be reached (tried 3 times): ECONNREFUSED')
    const [first = 0, second = 0] = waits
    expect([first >= 0.001 && first <= 0.002, second >= 0.0015 && second <= 0.003, waits.length]).toEqual([
      true,
      true,
      2,
    ])
  })

  it('is what gives no answer in time', async () => {
    let asked = 0
    const fetch = (request: Request) => {
      asked += 1
      if (asked > 1) return globalThis.fetch(request)
      return new Promise<Response>((_, reject) =>
        request.signal.addEventListener('abort', () => reject(request.signal.reason)),
      )
    }
    const retry = { baseSeconds: 0.001, timeoutSeconds: 0.01 }
    // Whether the second one is answered within 10 ms is not the question.
    await clientOf({ fetch, retry })
      .get('/api/v1/tasks', inTenant)
      .catch(() => undefined)
    expect(asked).toBeGreaterThan(1)
  })

  it('ends when the caller gives up, also while it waits', async () => {
    const leaving = new AbortController()
    const client = clientOf({
      fetch: async () => refusal(503, '20'),
      onRetry: () => leaving.abort(new Error('enough')),
    })
    await expect(client.get('/api/v1/tasks', { ...inTenant, signal: leaving.signal })).rejects.toThrow('enough')
  })
})

describe('a list', () => {
  it('is gone through over all its pages, each thing once, newest first', async () => {
    await make.makeTenant('pages')
    const query = { tenant_id: 'pages', limit: 2 }
    const titles = ['one', 'two', 'three', 'four', 'five']
    for (const title of titles)
      await clientOf().post('/api/v1/tasks', { params: { query: { tenant_id: 'pages' } }, body: { title } })
    const seen: (string | null)[] = []
    for await (const task of clientOf().each('/api/v1/tasks', 'tasks', { params: { query } })) seen.push(task.title)
    expect(seen).toEqual(titles.toReversed())
    const sizes: number[] = []
    for await (const page of clientOf().pages('/api/v1/tasks', { params: { query } })) sizes.push(page.tasks.length)
    expect(sizes).toEqual([2, 2, 1])
  })
})

describe('a stream', () => {
  const path = `/api/v1/signals/stream?tenant_id=${TENANT}&last_event_id=0`
  type Data = { signal_id: string }

  /** A network that cuts each stream after its first event. */
  function cutting() {
    const opened: (string | null)[] = []
    const fetch = async (request: Request) => {
      opened.push(request.headers.get('last-event-id'))
      const response = await globalThis.fetch(request)
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      let isCut = false
      const cut = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          if (isCut) return controller.error(new TypeError('terminated'))
          while (!/data: .*\n\n/.test(text)) text += (await reader?.read())?.value ?? ''
          const end = text.indexOf('\n\n', text.indexOf('data: ')) + 2
          // Quickly back: the server would have us wait for two seconds.
          controller.enqueue(new TextEncoder().encode(`${text.slice(0, end)}retry: 1\n\n`))
          isCut = true
          await reader?.cancel()
        },
      })
      return new Response(cut, response)
    }
    return { fetch, opened }
  }

  it('goes on where it was cut: each event once, none missed', async () => {
    const signals = [await make.makeSignal(TENANT), await make.makeSignal(TENANT), await make.makeSignal(TENANT)]
    const { fetch, opened } = cutting()
    const seen: string[] = []
    for await (const { data } of clientOf({ fetch }).stream<Data>(path, { isLast: () => seen.length === 3 }))
      seen.push(data.signal_id)
    expect(seen.slice(0, 3)).toEqual(signals)
    expect(opened[0]).toBeNull()
    expect(new Set(opened).size).toBe(opened.length)
  })

  it('ends when it is aborted, and throws what the API refuses with', async () => {
    const leaving = new AbortController()
    let heard = 0
    const listen = async () => {
      for await (const _ of clientOf().stream(path, { signal: leaving.signal })) heard += 1
    }
    const listening = listen().catch((reason) => reason)
    await waitFor('nothing was heard', () => heard > 0)
    leaving.abort(new Error('enough'))
    expect(await listening).toEqual(new Error('enough'))
    await expect(clientOf({ key: 'sbk_nobody' }).stream(path).next()).rejects.toMatchObject({ status: 401 })
  })
})

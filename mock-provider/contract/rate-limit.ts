import { describe, expect, it } from 'vitest'
import { DELETED, LIST, useProvider } from './client.ts'
import type { StartProvider } from './under-contract.ts'

/** What the limit counts, what it answers, and what is free of it. */
export function describeRateLimit(start: StartProvider): void {
  describe('the rate limit', () => {
    const client = useProvider(start, { rateLimited: true })

    const spend = async (calls: number) => {
      for (let call = 0; call < calls; call++) expect((await client.get(`${LIST}?page_size=1`)).status).toBe(200)
    }

    it('admits 60 calls over the three external routes together, then answers 429 with Retry-After', async () => {
      await spend(58)
      expect((await client.get(DELETED)).status).toBe(200)
      expect((await client.get(`${LIST}/ext-0`)).status).toBe(404)
      for (const path of [LIST, DELETED, `${LIST}/ext-0`]) {
        const refused = await client.get(path)
        expect(refused).toMatchObject({ status: 429, body: { detail: 'Too Many Requests' } })
        expect(refused.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|6[01])$/)
      }
    })

    it('is not spent by wrong parameters, /notify, /health and /rate-limit/status', async () => {
      await client.get(`${LIST}?page=0`)
      await client.get('/health')
      await client.get('/rate-limit/status')
      await client.notify('ext-1')
      expect((await client.get('/rate-limit/status')).body).toEqual({
        limit: 60,
        window_seconds: 60,
        current_requests: 0,
        remaining: 60,
      })
    })

    it('says 422 rather than 429 when the window is full and the parameters are wrong', async () => {
      await spend(60)
      expect((await client.get(`${LIST}?page_size=101`)).status).toBe(422)
    })

    it('lets a caller in again who waits as long as it was told, and no sooner; refused calls are not counted', async (context) => {
      client.needsClock(context)
      await spend(1)
      client.advance(20_000)
      await spend(59)
      expect((await client.get(LIST)).headers.get('retry-after')).toBe('41')
      client.advance(39_999)
      expect((await client.get(LIST)).headers.get('retry-after')).toBe('1')
      client.advance(1)
      expect((await client.get(LIST)).status).toBe(200)
      expect((await client.get(LIST)).headers.get('retry-after')).toBe('21')
      expect((await client.get('/rate-limit/status')).body).toMatchObject({ current_requests: 60, remaining: 0 })
    })
  })

  describe('the rest', () => {
    const client = useProvider(start, { rateLimited: true })

    it('is healthy', async () => {
      expect(await client.get('/health')).toMatchObject({
        status: 200,
        body: { status: 'ok', service: 'mock-external-api' },
      })
    })

    it('404 for other paths, 405 for other methods', async () => {
      expect(await client.get('/external')).toMatchObject({ status: 404, body: { detail: 'Not Found' } })
      expect(await client.get('/notify')).toMatchObject({ status: 405, body: { detail: 'Method Not Allowed' } })
    })
  })
}

import { describe, expect, it } from 'vitest'
import { useProvider } from './client.ts'
import type { StartProvider } from './under-contract.ts'

/** When the unstable receiver fails and when it succeeds. */
export function describeNotify(start: StartProvider): void {
  describe('/notify', () => {
    const client = useProvider(start, { rateLimited: true })
    const sent = (ticketId: string, attempts: number) => ({
      status: 200,
      body: { status: 'sent', ticket_id: ticketId, attempts },
    })

    it('fails twice per ticket and then succeeds, repeats too', async () => {
      const failed = (attempt: number) => ({
        status: 500,
        body: { detail: `Service Unavailable (Attempt ${attempt})` },
      })
      expect(await client.notify('ext-1')).toEqual(failed(1))
      expect(await client.notify('ext-1')).toEqual(failed(2))
      expect(await client.notify('ext-1')).toEqual(sent('ext-1', 3))
      expect(await client.notify('ext-1')).toEqual(sent('ext-1', 4))
    })

    it('counts attempts by ticket alone, whatever the tenant', async () => {
      await client.notify('ext-1', 'tenant_a')
      await client.notify('ext-1', 'tenant_b')
      expect(await client.notify('ext-1', 'tenant_c')).toEqual(sent('ext-1', 3))
    })

    it('answers 503 to everything after ten failures in a row, for 30 seconds, and counts those attempts', async (context) => {
      client.needsClock(context)
      const failures = await Promise.all(Array.from({ length: 10 }, (_, index) => client.notify(`ext-${index}`)))
      expect(failures.map((failure) => failure.status)).toEqual(Array(10).fill(500))
      const open = { status: 503, body: { detail: 'Service Unavailable - Circuit Open' } }
      expect(await client.notify('ext-1')).toEqual(open)
      expect(await client.notify('ext-1')).toEqual(open)
      client.advance(29_999)
      expect(await client.notify('ext-20')).toEqual(open)
      client.advance(1)
      expect(await client.notify('ext-1')).toEqual(sent('ext-1', 4))
      expect(await client.notify('ext-20')).toMatchObject({
        status: 500,
        body: { detail: 'Service Unavailable (Attempt 2)' },
      })
    })

    it('starts counting failures anew after a success', async () => {
      for (let attempt = 0; attempt < 3; attempt++) await client.notify('ext-0')
      for (let ticket = 1; ticket <= 9; ticket++) await client.notify(`ext-${ticket}`)
      expect((await client.notify('ext-0')).status).toBe(200)
      for (let ticket = 11; ticket <= 20; ticket++) expect((await client.notify(`ext-${ticket}`)).status).toBe(500)
      expect((await client.notify('ext-0')).status).toBe(503)
    })

    it('422 for missing fields and fields that are no texts, and counts no attempt for them', async () => {
      const given = { ticket_id: 'ext-1', tenant_id: 7, urgency: 'high' }
      expect(await client.post(JSON.stringify(given))).toEqual({
        status: 422,
        body: {
          detail: [
            { type: 'string_type', loc: ['body', 'tenant_id'], msg: 'Input should be a valid string', input: 7 },
            { type: 'missing', loc: ['body', 'reason'], msg: 'Field required', input: given },
          ],
        },
      })
      expect((await client.notify('ext-1')).body).toEqual({ detail: 'Service Unavailable (Attempt 1)' })
    })

    it.each([
      ['{', 'json_invalid'],
      ['[]', 'model_attributes_type'],
      ['null', 'model_attributes_type'],
      ['', 'missing'],
    ])('422 for the body %j', async (body, type) => {
      const refused = await client.post(body)
      expect(refused.status).toBe(422)
      expect(refused.body).toMatchObject({ detail: [{ type }] })
    })

    it('422 for a body that is not sent as JSON, and ignores fields it does not know', async () => {
      const full = JSON.stringify({ ticket_id: 'ext-1', tenant_id: 'a', urgency: 'high', reason: 'x', alert_id: 'y' })
      expect((await client.post(full, 'text/plain')).status).toBe(422)
      expect((await client.post(full)).status).toBe(500)
    })
  })
}

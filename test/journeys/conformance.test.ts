import { describe, expect, it } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../../src/desks/support/tickets/index.ts'
import { SOURCES, type SourceScene, sourceSystem, type Ticket } from '../harness/sources.ts'

const shared = sourceSystem()
const FIRST = '2026-03-01T10:00:00Z'
const SECOND = '2026-03-02T10:00:00Z'
const THIRD = '2026-03-03T10:00:00Z'

const put = (scene: SourceScene, subject: string, change: Partial<Ticket> = {}) =>
  scene.put({ subject, message: `About ${subject}.`, status: 'open', updated_at: FIRST, ...change })

/** What every way in has to do alike, whatever the helpdesk behind it speaks. */
describe.each(SOURCES)('tickets from $name', ({ name, open }) => {
  it('arrive once and completely, and unchanged ones stay as they are', async () => {
    const scene = await open(shared())
    const ids = [put(scene, 'one'), put(scene, 'two', { status: 'pending' }), put(scene, 'three', { status: 'closed' })]
    expect(await scene.run()).toMatchObject({ status: 'completed', created: 3, failed: 0, progress: 100 })
    const stored = await scene.stored()
    expect(stored.map(({ external_id }) => external_id).sort()).toEqual(ids.toSorted())
    expect(stored.map(({ subject, message, status }) => [subject, message, status]).sort()).toEqual([
      ['one', 'About one.', 'open'],
      ['three', 'About three.', 'closed'],
      ['two', 'About two.', 'pending'],
    ])
    expect(await scene.run()).toMatchObject({ status: 'completed', created: 0, updated: 0, deleted: 0 })
    expect(await scene.history(ids[0] ?? '')).toEqual(['created'])
  })

  it('change only by something newer, field by field, once', async () => {
    const scene = await open(shared())
    const id = put(scene, 'one')
    await scene.run()
    scene.put({ id, subject: 'changed', status: 'closed', updated_at: SECOND })
    expect(await scene.run()).toMatchObject({ updated: 1 })
    scene.put({ id, subject: 'older', updated_at: FIRST })
    expect(await scene.run()).toMatchObject({ updated: 0 })
    scene.put({ id, subject: 'changed', updated_at: THIRD })
    expect(await scene.run()).toMatchObject({ updated: 0 })
    expect(await scene.stored()).toMatchObject([{ external_id: id, subject: 'changed', status: 'closed' }])
    expect(await scene.history(id)).toEqual(['created', 'updated status, subject'])
  })

  it('change at the same second, and whatever time to come they named', async () => {
    const scene = await open(shared())
    // Of late, so that a helpdesk that is asked what changed lists it.
    const secondsAgo = (seconds: number) => `${new Date(Date.now() - seconds * 1_000).toISOString().slice(0, -5)}Z`
    const [FAR, once] = ['2206-01-01T00:00:00Z', secondsAgo(60)]
    const [twice, ahead] = [put(scene, 'one', { updated_at: once }), put(scene, 'one', { updated_at: FAR })]
    await scene.run()
    const subjects = async () => {
      const byId = new Map((await scene.stored()).map(({ external_id, subject }) => [external_id, subject]))
      return [byId.get(twice), byId.get(ahead)]
    }
    scene.put({ id: twice, subject: 'two', updated_at: once })
    scene.put({ id: ahead, subject: 'two', updated_at: FAR })
    expect(await scene.run()).toMatchObject({ updated: 2 })
    expect(await subjects()).toEqual(['two', 'two'])
    scene.put({ id: ahead, subject: 'three', updated_at: secondsAgo(30) })
    expect(await scene.run()).toMatchObject({ updated: 1 })
    expect(await subjects()).toEqual(['two', 'three'])
    expect(await scene.run()).toMatchObject({ updated: 0 })
    expect(await scene.history(ahead)).toEqual(['created', 'updated subject', 'updated subject'])
  })

  it('that cannot be used are set aside with the reason, spoil nothing, and are taken when they are mended', async () => {
    const scene = await open(shared())
    const [bad] = [put(scene, 'bad', { isBroken: true }), put(scene, 'good')]
    expect(await scene.run()).toMatchObject({ status: 'completed', created: 1, failed: 1 })
    expect(await scene.rejects()).toEqual([[bad, expect.any(String)]])
    scene.put({ id: bad ?? '', isBroken: false, updated_at: SECOND })
    expect(await scene.run()).toMatchObject({ created: 1, failed: 0 })
    expect(await scene.rejects()).toEqual([])
  })

  it('may hold what PostgreSQL cannot store, and a megabyte of text; what is behind that is cut', async () => {
    const scene = await open(shared())
    // Letters of two bytes.
    const megabyte = 'ä'.repeat(MESSAGE_BYTES_MAX / 2)
    put(scene, 'a\0b')
    put(scene, 'long', { message: megabyte })
    put(scene, 'longer', { message: `${megabyte}and more` })
    expect(await scene.run()).toMatchObject({ created: 3, failed: 0 })
    const stored = new Map((await scene.stored()).map(({ subject, message }) => [subject, message]))
    expect([...stored.keys()].sort()).toEqual(['a\u{FFFD}b', 'long', 'longer'])
    expect([stored.get('long') === megabyte, stored.get('longer') === megabyte]).toEqual([true, true])
  })

  it('are many', async () => {
    const scene = await open(shared())
    const ids = Array.from({ length: 1_234 }, (_, index) => put(scene, `ticket ${index}`))
    expect(await scene.run()).toMatchObject({ status: 'completed', created: 1_234, failed: 0 })
    expect((await scene.stored()).map(({ external_id }) => external_id).sort()).toEqual(ids.toSorted())
  })

  it(`belong to the tenant that fetched them, and say that they are from ${name}`, async () => {
    const scene = await open(shared())
    put(scene, 'one')
    await scene.run()
    expect((await scene.stored()).map(({ origin }) => origin)).toEqual([scene.origin])
    expect(await scene.storedElsewhere()).toEqual([])
  })
})

/** A file says nothing about what it does not hold. */
describe.each(SOURCES.filter(({ tellsDeletions }) => tellsDeletions))('tickets from $name', ({ open }) => {
  it('are deleted when the helpdesk says so, and come back', async () => {
    const scene = await open(shared())
    const [id, kept] = [put(scene, 'gone'), put(scene, 'kept')]
    for (const subject of ['and', 'some', 'more']) put(scene, subject)
    await scene.run()
    scene.remove(id)
    expect(await scene.run()).toMatchObject({ deleted: 1 })
    expect((await scene.stored()).map(({ external_id }) => external_id)).not.toContain(id)
    expect(await scene.run()).toMatchObject({ deleted: 0 })
    scene.restore(id)
    expect(await scene.run()).toMatchObject({ restored: 1, deleted: 0 })
    expect((await scene.stored()).map(({ external_id }) => external_id)).toEqual(expect.arrayContaining([id, kept]))
    expect(await scene.history(id)).toEqual(['created', 'deleted', 'restored'])
  })
})

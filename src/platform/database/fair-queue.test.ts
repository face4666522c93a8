import { describe, expect, it } from 'vitest'
import { OURS } from './acting-for.ts'
import { fairQueue } from './fair-queue.ts'

/** A queue whose clock the test sets, with a list of who was served. */
function scene(places: number) {
  const clock = { ms: 0 }
  const queue = fairQueue({ places, patienceMs: 60_000, now: () => clock.ms })
  const served: string[] = []
  const giveBack: (() => void)[] = []
  const ask = (tenant: string, key = 'key', holdsOne = false) => {
    void queue.take({ tenant, key, holdsOne }).then((give) => {
      served.push(key === 'key' ? tenant : `${tenant}/${key}`)
      giveBack.push(give)
    })
  }
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  /** Gives back what was taken first, and waits until somebody else has it. */
  const giveOneBack = async () => {
    giveBack.shift()?.()
    await settled()
  }
  const of = (tenant: string) => served.filter((name) => name.split('/')[0] === tenant).length
  return { clock, queue, served, ask, settled, giveOneBack, of }
}
const many = (count: number, work: () => void) => {
  for (let n = 0; n < count; n += 1) work()
}

describe('a queue for connections', () => {
  it('lets a tenant that is alone have all but one', async () => {
    const { ask, settled, of } = scene(6)
    many(300, () => ask('flood'))
    await settled()
    expect(of('flood')).toBe(5)
  })

  it('serves whoever comes at once, however many of another tenant wait', async () => {
    const { ask, settled, served, queue } = scene(6)
    many(300, () => ask('flood'))
    ask('quiet')
    await settled()
    expect(served.at(-1)).toBe('quiet')
    expect(queue.waiting()).toBe(295)
  })

  it('serves the tenant that has the fewest next, not the one that waits longest', async () => {
    const { ask, settled, served, giveOneBack } = scene(6)
    many(50, () => ask('flood'))
    many(2, () => ask('quiet'))
    ask('other')
    await settled()
    served.length = 0
    many(3, () => ask('quiet'))
    many(3, () => ask('other'))
    // The flood gives three back: one goes to whoever has none, one stays for whoever comes, one goes to whoever has few.
    for (let n = 0; n < 3; n += 1) await giveOneBack()
    expect(served).toEqual(['other', 'quiet'])
  })

  it('holds a tenant to a third while others ask too, and lets it have the rest when they have gone', async () => {
    const { clock, ask, settled, of, giveOneBack, served } = scene(6)
    ask('quiet')
    await settled()
    await giveOneBack()
    many(300, () => ask('flood'))
    await settled()
    expect(of('flood')).toBe(2)
    clock.ms += 60_000
    served.length = 0
    await giveOneBack()
    expect(of('flood')).toBe(4)
  })

  it('shares what a tenant has among its keys', async () => {
    const { ask, settled, served, giveOneBack } = scene(4)
    many(50, () => ask('tenant', 'busy'))
    await settled()
    served.length = 0
    many(2, () => ask('tenant', 'calm'))
    for (let n = 0; n < 2; n += 1) await giveOneBack()
    expect(served).toEqual(['tenant/calm', expect.any(String)])
  })

  it('holds back nothing of ours, and lets those that hold one have another before all', async () => {
    const { ask, settled, served, giveOneBack } = scene(4)
    many(50, () => ask('flood'))
    ask(OURS)
    await settled()
    expect(served).toEqual(['flood', 'flood', 'flood', OURS])
    ask('new')
    ask('flood', 'holder', true)
    await giveOneBack()
    expect(served.at(-1)).toBe('flood/holder')
  })

  it('serves all that wait in the end, and forgets who has nothing more', async () => {
    const { ask, settled, served, giveOneBack, queue } = scene(3)
    for (const tenant of ['a', 'b', 'c', 'd']) many(25, () => ask(tenant))
    await settled()
    for (let n = 0; n < 100; n += 1) await giveOneBack()
    expect(served).toHaveLength(100)
    expect(queue.waiting()).toBe(0)
  })

  it('tells whoever waited too long that there was none, and keeps no place for them', async () => {
    const queue = fairQueue({ places: 1, patienceMs: 10 })
    const giveBack = await queue.take({ tenant: 'a', key: '', holdsOne: false })
    await expect(queue.take({ tenant: 'b', key: '', holdsOne: false })).rejects.toThrow('timeout exceeded')
    expect(queue.waiting()).toBe(0)
    giveBack()
    giveBack()
    await queue.take({ tenant: 'c', key: '', holdsOne: false })
  })

  it.each([1, 2])('of %d lets one tenant have them all', async (places) => {
    const { ask, settled, of } = scene(places)
    many(5, () => ask('flood'))
    await settled()
    expect(of('flood')).toBe(places)
  })
})

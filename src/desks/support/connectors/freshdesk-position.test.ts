import { describe, expect, it } from 'vitest'
import { advance, type PageSeen, type Position, readPosition, writePosition } from './freshdesk-position.ts'

const now = new Date('2026-03-01T12:00:00.000Z')
const at = (time: string) => `2026-03-01T${time}.000Z`
const start = (origin: string): Position => ({ ...readPosition(null, now), origin, since: origin })
const page = (changedAt: string[], seen: Partial<PageSeen> = {}): PageSeen => ({
  changedAt,
  hasNext: false,
  answeredAt: at('12:00:00'),
  ...seen,
})

/** From the page of the deleted and of the spam to the end, both empty. */
function finish(position: Position): Position {
  const spam = advance(position, page([])).position
  const over = advance(spam, page([]))
  expect(over.isWalkOver).toBe(true)
  return over.position
}

describe('the position in a Freshdesk account', () => {
  it('goes on a second before the last ticket of a page', () => {
    const { position } = advance(start(at('08:00:00')), page([at('09:00:00'), at('09:00:05')], { hasNext: true }))
    expect(position).toMatchObject({ stream: 'tickets', since: at('09:00:04'), page: 1, back: null })
  })

  it('counts pages only where a whole page lies in one second, and then walks back over them', () => {
    const full = page([at('09:00:01'), at('09:00:01')], { hasNext: true })
    const second = advance(start(at('09:00:00')), full).position
    const third = advance(second, full).position
    expect(third).toMatchObject({ since: at('09:00:00'), page: 3, back: null })
    const back = advance(third, page([at('09:00:01'), at('09:00:09')], { hasNext: true })).position
    expect(back).toMatchObject({ since: at('09:00:00'), page: 2, back: at('09:00:08') })
    const first = advance(back, full).position
    expect(first).toMatchObject({ page: 1, back: at('09:00:08') })
    expect(advance(first, full).position).toMatchObject({ since: at('09:00:08'), page: 1, back: null })
  })

  it('does not jump over tickets because one changed while the page was put together', () => {
    const { position } = advance(start(at('08:00:00')), page([at('09:00:00'), at('12:00:03')], { hasNext: true }))
    expect(position.since).toBe(at('08:59:59'))
  })

  it('reads the deleted tickets and the spam from where the walk started', () => {
    const deleted = advance(start(at('08:00:00')), page([at('11:00:00')])).position
    expect(deleted).toMatchObject({ stream: 'deleted', since: at('08:00:00'), page: 1 })
    expect(advance(deleted, page([])).position).toMatchObject({ stream: 'spam', since: at('08:00:00') })
  })

  it('starts the next walk five minutes before this one began, though later changes were seen', () => {
    const deleted = advance(start(at('08:00:00')), page([at('11:00:00'), at('12:30:00')])).position
    expect(finish(deleted)).toMatchObject({ stream: 'tickets', since: at('11:55:00'), origin: at('11:55:00') })
  })

  it('starts the next walk no later than the newest change that was seen: the Date header may run ahead', () => {
    const deleted = advance(start(at('08:00:00')), page([at('11:00:00')])).position
    expect(finish(deleted).since).toBe(at('10:55:00'))
  })

  it('does not drift back while nothing changes', () => {
    const quiet = advance(start(at('10:55:00')), page([at('11:00:00')])).position
    expect(finish(quiet).since).toBe(at('10:55:00'))
    expect(finish(advance(start(at('10:55:00')), page([])).position).since).toBe(at('10:55:00'))
    expect(finish(advance(start(at('10:58:00')), page([at('11:00:00')])).position).since).toBe(at('10:58:00'))
  })

  it('is not led ahead by a ticket that says it changed in 2206', () => {
    const ahead = '2206-01-01T00:00:00.000Z'
    const deleted = advance(start(at('08:00:00')), page([at('11:00:00'), ahead])).position
    expect(finish(deleted)).toMatchObject({ since: at('11:55:00'), origin: at('11:55:00') })
  })

  it('starts anew where an earlier version was led ahead, and nowhere else', () => {
    const led = (origin: string) => readPosition(writePosition(start(origin)), now)
    expect(led('2206-01-01T00:00:00.000Z')).toEqual(readPosition(null, now))
    expect(led(at('12:10:00'))).toEqual(start(at('12:10:00')))
    // Walking over tickets of 2206 is not starting there.
    const walking = { ...start(at('08:00:00')), since: '2206-01-01T00:00:00.000Z' }
    expect(readPosition(writePosition(walking), now)).toEqual(walking)
  })

  it('refuses to go on where more tickets changed in a second than are listed', () => {
    const last = { ...start(at('09:00:00')), page: 300 }
    expect(() => advance(last, page([at('09:00:01')], { hasNext: true }))).toThrow(/30000 tickets or more/)
  })

  it('survives being written down, and nothing else is taken for it', () => {
    const position = { ...start(at('09:00:00')), page: 7, back: at('10:00:00') }
    expect(readPosition(writePosition(position), now)).toEqual(position)
    for (const other of ['', '{}', 'null', 'MTU4MDc1Mzc5OC4wfHw0MzJ8', writePosition({ ...position, page: 301 })]) {
      expect(() => readPosition(other, now)).toThrow(/cannot be read/)
    }
  })
})

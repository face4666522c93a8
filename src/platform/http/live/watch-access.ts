import type { Logger } from '../../../kernel/logger.ts'

/** Whether a caller may go on, and until when they may without being asked again. Rejects when nobody can say just now. */
export type MayGoOn = () => Promise<{ may: boolean; until?: Date | undefined }>

/** Something that goes on for as long as its caller may have it. */
export type Watched = {
  callerId: string
  /** The same for all that the same credentials and permission let in: they are looked up once for all of them. */
  credentials: string
  /** When the credentials end by themselves. */
  until?: Date | undefined
  mayGoOn: MayGoOn
  /** Called once, when they may no more. */
  end: () => void
}

/** Look-ups at a time, so that streams leave connections of the pool to requests. */
const AT_ONCE = 4
const RETRY_MS = 1_000

type Group = {
  callerId: string
  members: Set<Watched>
  /** On the clock of `Date.now`. */
  nextAt: number
  isLooking: boolean
}

export type AccessWatch = ReturnType<typeof watchAccess>

/**
 * Ends what goes on when its caller may have it no more: at once for whom `lookAgain` names, when credentials end by
 * themselves, and otherwise within `everyMs`. One look-up serves all that the same credentials have let in.
 */
export function watchAccess({ everyMs, logger }: { everyMs: number; logger: Logger }) {
  const groups = new Map<string, Group>()
  let looking = 0
  let timer: NodeJS.Timeout | undefined

  const nextOf = (until: Date | undefined) => {
    const regular = Date.now() + everyMs
    return until === undefined ? regular : Math.min(regular, until.getTime())
  }
  const look = async (group: Group): Promise<void> => {
    const [first] = group.members
    if (!first) return
    group.isLooking = true
    looking += 1
    // Before the look: who is named during it is looked up once more.
    group.nextAt = Number.POSITIVE_INFINITY
    try {
      const { may, until } = await first.mayGoOn()
      if (!may) for (const { end } of group.members) end()
      group.nextAt = Math.min(group.nextAt, nextOf(until))
    } catch (err) {
      // Nobody is sent away because the database is: the next look decides.
      logger.warn({ err, component: 'http' }, 'cannot check the access of a listener')
      group.nextAt = Math.min(group.nextAt, Date.now() + RETRY_MS)
    }
    group.isLooking = false
    looking -= 1
    lookAtDue()
  }
  const lookAtDue = () => {
    const now = Date.now()
    for (const group of groups.values()) {
      if (looking >= AT_ONCE) return
      if (!group.isLooking && group.nextAt <= now) void look(group)
    }
  }
  const dueNow = (isConcerned: (group: Group) => boolean) => {
    for (const group of groups.values()) if (isConcerned(group)) group.nextAt = 0
    lookAtDue()
  }

  return {
    /** Answers how it is watched no more. */
    watch(watched: Watched): () => void {
      const { credentials, callerId, until } = watched
      const group = groups.get(credentials) ?? {
        ...{ callerId, members: new Set(), isLooking: false },
        nextAt: nextOf(until),
      }
      groups.set(credentials, group)
      group.members.add(watched)
      timer ??= setInterval(lookAtDue, Math.min(everyMs, RETRY_MS))
      return () => {
        if (!group.members.delete(watched) || group.members.size > 0) return
        groups.delete(credentials)
        if (groups.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
    /** This caller may do less than before. */
    lookAgain: (callerId: string) => dueNow((group) => group.callerId === callerId),
    /** Callers may do less than before, and nobody knows which. */
    lookAgainAtAll: () => dueNow(() => true),
  }
}

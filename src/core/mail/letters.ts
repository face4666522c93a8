import type { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import { insertMail, type NO_TENANT } from './store.ts'
import type { Mail } from './transport.ts'

type Owner = TenantId | typeof NO_TENANT

/** A kind of mail that a module sends. */
export type Letter<About> = {
  /** `<module>.<what>`, kept in the database: what it is called once, it stays. */
  kind: string
  /** What a mail of this kind is about: ids, no secrets. */
  about: z.ZodType<About>
  /** Given up when it has not left by then, e.g. as long as its link would work. */
  keptSeconds: number
  /**
   * Writes it at the moment of sending; null when there is nothing to send any more. Called again for every attempt, so a link in
   * it is made anew, and the last one counts.
   */
  write(about: About, tenantId: Owner): Promise<Omit<Mail, 'mailId'> | null>
}

/** Puts a mail of one kind into the transaction that causes it; it leaves after the commit. */
export type Post<About> = (tx: Tx | SystemTx, tenantId: Owner, about: About) => Promise<void>

/** The kinds of mail that are known to this process. */
export type Letters = ReturnType<typeof openLetters>

export function openLetters() {
  const known = new Map<string, Letter<unknown>>()
  return {
    declare: <About>(letter: Letter<About>): Post<About> => {
      if (known.has(letter.kind)) throw new Error(`two modules declare mail of the kind ${letter.kind}`)
      known.set(letter.kind, letter as Letter<unknown>)
      const { kind, keptSeconds } = letter
      return (tx, tenantId, about) => insertMail(tx, { tenantId, kind, about, keptSeconds })
    },
    kinds: () => [...known.keys()],
    /** What stands in a mail that was posted; null when there is nothing to send any more. */
    write: async ({ kind, about, tenantId }: { kind: string; about: unknown; tenantId: Owner }) => {
      const letter = known.get(kind)
      if (!letter) throw new Error(`no module declares mail of the kind ${kind}`)
      return letter.write(letter.about.parse(about), tenantId)
    },
  }
}

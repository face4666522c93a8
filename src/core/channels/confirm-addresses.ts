import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../platform/database/index.ts'
import type { Allowances } from '../../platform/resilience/index.ts'
import { recordAudit } from '../audit/index.ts'
import type { Letter, MailApi, Post } from '../mail/index.ts'
import { confirm, findByToken, noteAsked, renewToken, selectUnconfirmed } from './address-store.ts'
import { channelFault } from './faults.ts'
import { lockChannels } from './store.ts'

const TOKEN_PREFIX = 'sbc_'
const TOKEN_DAYS = 7
const DAY_SECONDS = 86_400
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A tenant that sets up its channels asks a few dozen people; the mailbox of one is asked by all tenants together so often. */
const PER_TENANT = { burst: 100, everySeconds: 60 }
const PER_ADDRESS = { burst: 3, everySeconds: DAY_SECONDS / 3 }

export const AboutAddress = z.object({ address: z.string() })
type AboutAddress = z.output<typeof AboutAddress>

export type Confirmations = ReturnType<typeof openConfirmations>

/** Asks the owners of mail addresses whether they want what channels send there, and takes their word. */
export function openConfirmations(dependencies: {
  database: Database
  allowances: Allowances
  mail: Pick<MailApi, 'declare' | 'declareAction'>
}) {
  const { database, allowances, mail } = dependencies
  const writeLink = mail.declareAction({
    ...{ name: 'confirm-address', title: 'Confirm your address', fields: [], button: 'Yes, send me signals' },
    ...{ path: '/channels/confirm-address', done: 'Thank you. Signals are sent to you from now on.' },
  })

  const letter: Letter<AboutAddress> = {
    ...{ kind: 'channels.confirm_address', about: AboutAddress, keptSeconds: DAY_SECONDS },
    write: async ({ address }, tenantId) => {
      if (tenantId === '') return null
      const token = TOKEN_PREFIX + randomBytes(32).toString('base64url')
      const renewed = { hash: hashOf(token), validSeconds: TOKEN_DAYS * DAY_SECONDS }
      const isWanted = await database.withTenant(tenantId, async (tx) => {
        await lockChannels(tx)
        return renewToken(tx, address, renewed)
      })
      if (!isWanted) return null
      // No text that people of the tenant wrote: whoever reads this has not agreed to hear from them.
      const text = [
        `Somebody at the tenant "${tenantId}" of a Signalbox installation wants signals (alerts about their work) to be sent to this address.`,
        `If you do not expect that, do nothing: nothing more is sent to you but, perhaps, one test.`,
        writeLink(token),
        `This works for ${TOKEN_DAYS} days.`,
      ]
      return { to: [address], subject: 'Confirm your address for signals', text: `${text.join('\n\n')}\n` }
    },
  }
  const post: Post<AboutAddress> = mail.declare(letter)

  /** @throws channels.too_many_confirmations */
  const charge = async (tenantId: TenantId, addresses: readonly string[]): Promise<void> => {
    for (const address of addresses) {
      const waitSeconds = await allowances.take([
        { name: `channel-confirmation tenant ${tenantId}`, ...PER_TENANT },
        { name: `channel-confirmation to ${address}`, ...PER_ADDRESS },
      ])
      if (waitSeconds !== null) throw tooMany(waitSeconds)
    }
  }

  const postTo = async (tx: Tx, tenantId: TenantId, addresses: readonly string[]): Promise<void> => {
    await noteAsked(tx, tenantId, addresses)
    for (const address of addresses) await post(tx, tenantId, { address })
  }

  return {
    /** Before the transaction: counts those that a channel with these recipients asks. @throws channels.too_many_confirmations */
    prepare: async (tenantId: TenantId, recipients: readonly string[]): Promise<void> => {
      const unconfirmed = await database.readTenant(tenantId, (tx) => selectUnconfirmed(tx, inLowerCase(recipients)))
      await charge(tenantId, toAsk(unconfirmed))
    },

    /**
     * Which recipients have to be waited for; they are asked, but for those who were asked today. Under the lock of the tenant's
     * channels.
     */
    ask: async (tx: Tx, tenantId: TenantId, recipients: readonly string[]): Promise<string[]> => {
      const unconfirmed = await selectUnconfirmed(tx, inLowerCase(recipients))
      await postTo(tx, tenantId, toAsk(unconfirmed))
      return unconfirmed.map(({ address }) => address)
    },

    /** Before the transaction: counts that all of these are asked again. @throws channels.too_many_confirmations */
    prepareAgain: charge,

    askAgain: async (tx: Tx, tenantId: TenantId, awaiting: readonly string[]): Promise<void> =>
      postTo(tx, tenantId, awaiting),

    /** Takes the word of whoever has the token, which only a mail to the address told. @throws channels.confirmation_not_found */
    confirm: async (token: string): Promise<{ tenantId: TenantId; address: string }> => {
      const found = await database.acrossTenants('the token says which tenant it is for', (tx) =>
        findByToken(tx, hashOf(token)),
      )
      if (!found) throw notFound()
      const { tenantId, address } = found
      await database.withTenant(tenantId, async (tx) => {
        await lockChannels(tx)
        for (const { channelId, awaiting } of await confirm(tx, address)) {
          const line = { actor: 'system', action: 'channel.confirm_address', subject: `channel:${channelId}` }
          await recordAudit(tx, { tenantId, ...line, details: { awaiting } })
        }
      })
      return found
    },
  }
}

const toAsk = (unconfirmed: readonly { address: string; wasAskedToday: boolean }[]) =>
  unconfirmed.filter(({ wasAskedToday }) => !wasAskedToday).map(({ address }) => address)

/** Two ways to write one address are one owner. */
const inLowerCase = (addresses: readonly string[]) => [...new Set(addresses.map((address) => address.toLowerCase()))]

const tooMany = (waitSeconds: number) =>
  channelFault('channels.too_many_confirmations', {
    public: `One of these addresses was asked to confirm too often, or your tenant asked too many. Wait ${waitSeconds} seconds, then try again.`,
    internal: 'over the limit of confirmation mails',
    headers: { 'retry-after': String(waitSeconds) },
  })

const notFound = () =>
  channelFault('channels.confirmation_not_found', {
    public: 'This link is not valid any more: it is too old, or a later mail has another one. Ask for a new mail.',
    internal: 'no address waits for this token',
  })

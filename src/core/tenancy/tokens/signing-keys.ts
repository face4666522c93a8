import { type CryptoKey, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { Logger } from '../../../kernel/logger.ts'
import { SealBroken, SealedWithAnotherKey, type Sealer } from '../../../platform/sealing/index.ts'
import type { SigningKeyStore, StoredKey } from '../store/signing-keys.ts'
import { TOKEN_SECONDS } from './token-times.ts'

export const ALGORITHM = 'ES256'

/** A key signs for a day; whoever got hold of it can do no more with it the day after. */
const SIGNS_FOR_MS = 86_400_000
/** Published so long before it signs, for those who keep our keys for a while. */
const AHEAD_MS = 3_600_000
/** Published so long after it signed last: the life of its last token, and clocks that differ. */
export const OUTLIVES_MS = TOKEN_SECONDS * 1_000 + 60_000
/** A key that another process made or took away is known here after this. */
const KNOWN_FOR_MS = 10_000
/** Made-up key ids cause no more than one look-up in this time. */
const LOOK_AGAIN_MS = 1_000

export type PublicKey = StoredKey['publicJwk'] & { kid: string; alg: string; use: 'sig' }
export type SigningKeys = {
  /** The key that signs now. */
  signer(): Promise<{ kid: string; key: CryptoKey }>
  /** A key whose tokens may still live; null when there is none, or no more. */
  find(kid: string): Promise<CryptoKey | null>
  published(): Promise<PublicKey[]>
  /** Takes every key away: no token that is out is good any more, here at once and elsewhere within ten seconds. */
  replaceAll(): Promise<void>
  /** Deletes keys whose last tokens are over; returns how many. */
  forget(): Promise<number>
}

type Options = { store: SigningKeyStore; sealer: Sealer; logger: Logger; now?: () => number }
type Known = { at: number; keys: readonly StoredKey[] }

const contextOf = (kid: string) => `signing-key/${kid}`
const signsAt = (at: number) => (key: StoredKey) => key.signsFrom.getTime() <= at && at < key.signsUntil.getTime()

/** Pairs of keys that all processes share: a new one each day, made by whichever process needs it first. */
export function openSigningKeys({ store, sealer, logger, now = Date.now }: Options): SigningKeys {
  let known: Known = { at: Number.NEGATIVE_INFINITY, keys: [] }
  let loading: Promise<Known> | undefined
  const opened = new Map<string, CryptoKey>()

  const load = () => {
    loading ??= store
      .list()
      .then((keys) => {
        known = { at: now(), keys }
        for (const name of opened.keys()) if (!keys.some(({ kid }) => name.endsWith(kid))) opened.delete(name)
        return known
      })
      .finally(() => {
        loading = undefined
      })
    return loading
  }
  const keysOf = async (maxAgeMs: number) => (now() - known.at < maxAgeMs ? known : await load()).keys
  const importOnce = async (name: string, jwk: () => object) => {
    const key = opened.get(name) ?? ((await importJWK(jwk(), ALGORITHM)) as CryptoKey)
    opened.set(name, key)
    return key
  }
  const privateOf = async ({ kid, sealedPrivate }: StoredKey): Promise<CryptoKey | null> => {
    try {
      return await importOnce(`private ${kid}`, () => JSON.parse(sealer.open(sealedPrivate, contextOf(kid))))
    } catch (err) {
      if (!(err instanceof SealedWithAnotherKey || err instanceof SealBroken)) throw err
      logger.warn({ err, kid, component: 'tokens' }, 'a key that signs tokens cannot be opened; another one is made')
      return null
    }
  }
  const canSign = async (keys: readonly StoredKey[], at: number) => {
    for (const key of keys.filter(signsAt(at)).toReversed()) {
      const opened = await privateOf(key)
      if (opened) return { kid: key.kid, key: opened }
    }
    return null
  }
  const addFor = async (at: number, from: (keys: readonly StoredKey[]) => number) => {
    await store.add(async (keys) => ((await canSign(keys, at)) ? null : makeKey(sealer, from(keys))))
    await load()
  }

  return {
    signer: async () => {
      const found = await canSign(await keysOf(KNOWN_FOR_MS), now())
      if (!found) await addFor(now(), () => now())
      const signer = found ?? (await canSign(known.keys, now()))
      if (!signer) throw new Error('no key signs tokens now, although one was made')
      const soon = now() + AHEAD_MS
      if (!(await canSign(known.keys, soon))) {
        await addFor(soon, (keys) =>
          Math.max(now(), ...keys.filter(signsAt(now())).map((key) => key.signsUntil.getTime())),
        )
      }
      return signer
    },
    find: async (kid) => {
      const isAlive = (key: StoredKey) => key.kid === kid && now() < key.signsUntil.getTime() + OUTLIVES_MS
      const found = (await keysOf(KNOWN_FOR_MS)).find(isAlive) ?? (await keysOf(LOOK_AGAIN_MS)).find(isAlive)
      return found ? importOnce(`public ${kid}`, () => found.publicJwk) : null
    },
    published: async () =>
      (await keysOf(KNOWN_FOR_MS))
        .filter(({ signsUntil }) => now() < signsUntil.getTime() + OUTLIVES_MS)
        .map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: ALGORITHM, use: 'sig' as const })),
    replaceAll: async () => {
      await store.forget(new Date(8_640_000_000_000_000))
      await load()
    },
    forget: () => store.forget(new Date(now() - OUTLIVES_MS)),
  }
}

async function makeKey(sealer: Sealer, from: number): Promise<StoredKey> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true })
  const { kty = '', crv = '', x = '', y = '' } = await exportJWK(publicKey)
  const kid = crypto.randomUUID()
  return {
    kid,
    publicJwk: { kty, crv, x, y },
    sealedPrivate: sealer.seal(JSON.stringify(await exportJWK(privateKey)), contextOf(kid)),
    signsFrom: new Date(from),
    signsUntil: new Date(from + SIGNS_FOR_MS),
  }
}

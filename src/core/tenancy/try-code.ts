import { codeAllowancesOf } from './attempt-limit.ts'
import { tenancyFault } from './faults.ts'
import type { Device } from './identity.ts'
import type { TenancyContext } from './tenancy-context.ts'

/** A code of an app is good for 90 s; within them it is taken once (RFC 6238 §5.2). */
const ONCE_IN_SECONDS = 120

const codeWrong = () =>
  tenancyFault('tenancy.code_wrong', {
    public: 'This code is wrong, or was used before. Wait for the next one, or use a recovery code.',
    internal: 'wrong or repeated code',
  })

/**
 * Tries a code under its limit: there are only a million. `attempt` answers null when it is wrong.
 *
 * @throws tenancy.code_wrong, tenancy.too_many_attempts
 */
export async function tryCode<T>(
  { identity, allowances }: Pick<TenancyContext, 'identity' | 'allowances'>,
  who: { personId: string; device: Device; code: string },
  attempt: () => Promise<T | null>,
): Promise<T> {
  const { personId, device, code } = who
  const email = (await identity.findByIds([personId])).get(personId)?.email ?? ''
  const charged = codeAllowancesOf(personId, device, await identity.isKnown({ ...device, email }))
  const waitSeconds = await allowances.take(charged)
  if (waitSeconds !== null) {
    throw tenancyFault('tenancy.too_many_attempts', {
      public: `Too many wrong codes. Wait ${waitSeconds} seconds, then try again.`,
      internal: 'over the limit of wrong codes',
      headers: { 'retry-after': String(waitSeconds) },
    })
  }
  const once = { name: `code ${code} of ${personId}`, burst: 1, everySeconds: ONCE_IN_SECONDS }
  if ((await allowances.take([once])) !== null) throw codeWrong()
  const result = await attempt()
  if (result === null) throw codeWrong()
  await allowances.giveBack(charged)
  return result
}

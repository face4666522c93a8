import { describeProviderContract } from './contract.ts'
import { startMockProvider } from './index.ts'

describeProviderContract('the mock provider as shipped', async ({ rateLimited }) => {
  let now = Date.UTC(2026, 2, 2, 9)
  const noDelay = { notifyDelayMinMs: 0, notifyDelayMaxMs: 0 }
  const provider = await startMockProvider({
    port: 0,
    now: () => now,
    ...(rateLimited ? {} : { rateLimit: 0 }),
    ...noDelay,
  })
  return {
    url: provider.url,
    close: provider.close,
    advance(milliseconds) {
      now += milliseconds
    },
  }
})

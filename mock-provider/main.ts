import { startMockProvider } from './index.ts'
import { OptionsError, optionsFromEnvironment } from './options.ts'

/** Runs the mock provider by itself, set up by `MOCK_PROVIDER_*`; SIGTERM and SIGINT end it. */
try {
  const provider = await startMockProvider(optionsFromEnvironment(process.env))
  const { data } = provider.knobs()
  const { tickets, deleted, modified } = provider.counts()
  console.log(
    `The mock provider listens on ${provider.url} (data ${data}: ${tickets} tickets, ${deleted} deleted, ${modified} modified).`,
  )
  const stop = () => void provider.close().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
} catch (error) {
  if (error instanceof OptionsError) {
    console.error(error.message)
    process.exit(2)
  }
  console.error(`The mock provider cannot start: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

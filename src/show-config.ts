import { ConfigError, describeConfig, loadConfig } from './kernel/config.ts'

try {
  console.log(describeConfig(loadConfig()))
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

import { describe, expect, it } from 'vitest'
import { ConfigError, describeConfig, parseConfig } from './config.ts'

/** The message that refuses this environment. */
function refusal(environment: Record<string, string>): string {
  try {
    parseConfig(environment)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error instanceof Error ? error.message : ''
  }
  throw new Error('the environment was accepted')
}

describe('an empty environment', () => {
  it('is enough: everything has a working default', () => {
    expect(parseConfig({})).toMatchObject({
      PORT: 8080,
      HOST: '127.0.0.1',
      SIGNALBOX_ROLES: ['api', 'worker', 'scheduler'],
      SIGNALBOX_DEMO: true,
      MOCK_PROVIDER_PORT: 9000,
      LOG_LEVEL: 'info',
    })
    expect(parseConfig({}).DATABASE_URL).toBeUndefined()
  })

  it('is what empty variables mean, as compose files write them', () => {
    expect(parseConfig({ PORT: '', DATABASE_URL: '', SIGNALBOX_ROLES: '' })).toEqual(parseConfig({}))
  })
})

describe('SQS as the transport of tasks', () => {
  const SQS_QUEUE_URL = 'https://sqs.eu-central-1.amazonaws.com/123456789012/signalbox-tasks'

  it('needs the address of its queue', () => {
    expect(refusal({ SIGNALBOX_QUEUE: 'sqs' })).toContain(
      'SQS_QUEUE_URL must be an http(s) URL when SIGNALBOX_QUEUE=sqs',
    )
    expect(parseConfig({ SIGNALBOX_QUEUE: 'sqs', SQS_QUEUE_URL })).toMatchObject({
      SQS_RETRIES: 3,
      SQS_RETRY_SECONDS: 1,
    })
  })
})

describe('a value', () => {
  it.each([
    ['PORT', '0', 0],
    ['PORT', '65535', 65_535],
    ['SIGNALBOX_ROLES', 'worker', ['worker']],
    ['SIGNALBOX_ROLES', ' api , worker,api,', ['api', 'worker']],
    ['SIGNALBOX_DEMO', 'false', false],
    ['TRUST_PROXY', 'true', 1],
    ['TRUST_PROXY', 'false', 0],
    ['TRUST_PROXY', '2', 2],
    ['CORS_ORIGINS', 'https://a.example,https://b.example', ['https://a.example', 'https://b.example']],
    ['OUTBOUND_PRIVATE_HOSTS', 'helpdesk.internal, [::1]:9000,', ['helpdesk.internal', '[::1]:9000']],
    ['DATABASE_URL', 'postgresql://u:p@db/x', 'postgresql://u:p@db/x'],
  ])('%s=%s is understood', (name, value, understood) => {
    expect(parseConfig({ [name]: value })).toHaveProperty([name], understood)
  })

  it.each([
    ['PORT', 'eighty', '0 to 65535'],
    ['PORT', '65536', '0 to 65535'],
    ['PORT', '80.5', '0 to 65535'],
    ['PORT', '-1', '0 to 65535'],
    ['DATABASE_URL', 'mysql://db/x', 'a postgres:// URL'],
    ['DATABASE_POOL_SIZE', '3', '12 to 200 connections'],
    ['SIGNALBOX_ROLES', 'api,cook', 'any of api, worker, scheduler'],
    ['SIGNALBOX_ROLES', ',', 'any of api, worker, scheduler'],
    ['SIGNALBOX_DEMO', 'perhaps', 'true or false'],
    ['SIGNALBOX_ADMIN_TOKEN', 'short', '8 to 512 characters'],
    ['SIGNALBOX_PREVIOUS_SECRET', 'x'.repeat(31), '32 to 512 characters'],
    ['EXTERNAL_API_URL', 'ftp://helpdesk', 'an http(s) URL'],
    ['OUTBOUND_PRIVATE_HOSTS', '10.1.2.0/24', 'host or host:port entries'],
    ['OUTBOUND_PRIVATE_HOSTS', 'localhost:9000,http://localhost', 'host or host:port entries'],
    ['SMTP_URL', 'https://mail.example.com', 'an smtp:// or smtps:// URL'],
    ['MAIL_FROM', 'Ops <ops@example.com>\nBcc: eve@example.com', 'an e-mail address'],
    ['MAIL_FROM', 'Ops\nBcc: eve <ops@example.com>', 'an e-mail address'],
    ['TASK_LEASE_SECONDS', '61', '2 to 60 seconds'],
    ['CORS_ORIGINS', 'https://a.example,*', 'http(s) origins'],
    ['LOG_LEVEL', 'loud', 'trace, debug, info'],
  ])('%s=%s is refused with the variable, its bound and an example', (name, value, bound) => {
    const message = refusal({ [name]: value })
    expect(message).toContain(`${name} must be `)
    expect(message).toContain(bound)
    const example = /, e\.g\. [A-Z_]+=(.+)$/m.exec(message)?.[1]
    expect(example).toBeDefined()
    if (!example?.startsWith('openssl')) expect(() => parseConfig({ [name]: example ?? '' })).not.toThrow()
  })

  it('that is wrong does not hide another one, and is not repeated: it may be a secret', () => {
    const message = refusal({ PORT: 'x', LOG_LEVEL: 'y', DATABASE_URL: 'swordfish' })
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL']) expect(message).toContain(name)
    expect(message).not.toContain('swordfish')
  })
})

describe('the demo', () => {
  it.each([
    [{}, true],
    [{ DATABASE_URL: 'postgres://db/x' }, false],
    [{ DATABASE_URL: 'postgres://db/x', SIGNALBOX_DEMO: 'true' }, true],
    [{ SIGNALBOX_DEMO: 'false' }, false],
  ])('of %j is %s', (environment, on) => {
    expect(parseConfig(environment).SIGNALBOX_DEMO).toBe(on)
  })
})

describe('the description', () => {
  it('shows every variable with what it is for, and no secret', () => {
    const secret = 'swordfish-swordfish-swordfish-swordfish'
    const shown = describeConfig(
      parseConfig({
        PORT: '1234',
        DATABASE_URL: `postgres://u:${secret}@db/x`,
        DATABASE_OWNER_URL: `postgres://o:${secret}@db/x`,
        SIGNALBOX_ADMIN_TOKEN: secret,
        SMTP_URL: `smtp://u:${secret}@mail`,
        SIGNALBOX_SECRET: secret,
        SIGNALBOX_PREVIOUS_SECRET: secret,
      }),
    )
    expect(shown).not.toContain('swordfish')
    expect(shown.match(/\*{8}/g)).toHaveLength(6)
    expect(shown).toMatch(/PORT +1234\n +# where the API listens/)
    expect(shown).toMatch(/CORS_ORIGINS +\(unset\)/)
  })
})

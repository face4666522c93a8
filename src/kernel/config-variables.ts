import { resolve } from 'node:path'
import { z } from 'zod'
import {
  cap,
  flag,
  hostAndPort,
  httpUrl,
  list,
  port,
  postgresUrl,
  seconds,
  type Variable,
  zeroOrMilliseconds,
} from './config-parts.ts'
import { queueVariables } from './config-queue.ts'

export type { Variable } from './config-parts.ts'

export const PROCESS_ROLES = ['api', 'worker', 'scheduler'] as const
export type ProcessRole = (typeof PROCESS_ROLES)[number]

/** Every variable the program reads, in the order `npm run config` prints them. */
export const variables = {
  PORT: {
    schema: port.default(8080),
    bound: 'a port, 0 to 65535 (0 = any free one)',
    example: '8080',
    about: 'where the API listens',
  },
  HOST: {
    schema: z.string().min(1).default('127.0.0.1'),
    bound: 'a host name or address',
    example: '0.0.0.0',
    about: 'the interface the API listens on',
  },
  SIGNALBOX_PUBLIC_URL: {
    schema: httpUrl.optional(),
    bound: 'an http(s) URL',
    example: 'https://ops.example.com',
    about: 'the address callers see, when it differs from HOST and PORT; https makes cookies Secure',
  },
  DATABASE_URL: {
    schema: postgresUrl.optional(),
    bound: 'a postgres:// URL',
    example: 'postgres://signalbox:secret@db:5432/signalbox',
    about: 'the PostgreSQL 18 to use; unset = embedded',
    secret: true,
  },
  DATABASE_OWNER_URL: {
    schema: postgresUrl.optional(),
    bound: 'a postgres:// URL',
    example: 'postgres://owner:secret@db:5432/signalbox',
    about: 'the login that migrates, when DATABASE_URL is a login without that right',
    secret: true,
  },
  DATABASE_POOL_SIZE: {
    schema: z.coerce.number().int().min(12).max(200).default(16),
    bound: '12 to 200 connections',
    example: '16',
    about: 'connections of this process, all handles together',
  },
  SIGNALBOX_DATA_DIR: {
    schema: z
      .string()
      .min(1)
      .default('./.signalbox')
      .transform((path) => resolve(path)),
    bound: 'a directory',
    example: './.signalbox',
    about: 'where the embedded database and the demo credentials are kept',
  },
  SIGNALBOX_ROLES: {
    schema: list(z.enum(PROCESS_ROLES))
      .pipe(z.array(z.enum(PROCESS_ROLES)).min(1))
      .prefault('api,worker,scheduler'),
    bound: 'any of api, worker, scheduler, separated by commas',
    example: 'api,worker',
    about: 'what this process does',
  },
  SIGNALBOX_DEMO: {
    schema: flag.optional(),
    bound: 'true or false',
    example: 'false',
    about: 'demo tenants and the mock provider; default true when the database is embedded',
  },
  SIGNALBOX_ADMIN_TOKEN: {
    schema: z.string().min(8).max(512).optional(),
    bound: '8 to 512 characters',
    example: 'openssl rand -hex 32',
    about: 'the platform operator’s bearer token; unset = there is none',
    secret: true,
  },
  SIGNALBOX_SECRET: {
    schema: z.string().min(32).max(512).optional(),
    bound: '32 to 512 characters',
    example: 'openssl rand -hex 32',
    about: 'signs session cookies; unset = made once and kept in the database',
    secret: true,
  },
  SIGNALBOX_PREVIOUS_SECRET: {
    schema: z.string().min(32).max(512).optional(),
    bound: '32 to 512 characters',
    example: 'openssl rand -hex 32',
    about: 'the SIGNALBOX_SECRET before this one; what was sealed with it can still be read',
    secret: true,
  },
  MOCK_PROVIDER_PORT: {
    schema: port.default(9000),
    bound: 'a port, 0 to 65535',
    example: '9000',
    about: 'where the demo’s mock provider listens',
  },
  EXTERNAL_API_URL: {
    schema: httpUrl.optional(),
    bound: 'an http(s) URL',
    example: 'https://helpdesk.example.com',
    about: 'the default provider; unset = the mock provider',
  },
  EXTERNAL_RATE_LIMIT: {
    schema: z.coerce.number().int().min(1).max(100_000).default(60),
    bound: '1 to 100000 calls',
    example: '60',
    about: 'calls to the provider in one window, over all tenants and processes',
  },
  EXTERNAL_RATE_WINDOW_SECONDS: {
    schema: seconds(1, 86_400).default(60),
    bound: '1 to 86400 seconds',
    example: '60',
    about: 'the length of that window',
  },
  EXTERNAL_TIMEOUT_SECONDS: {
    schema: seconds(1, 300).default(30),
    bound: '1 to 300 seconds',
    example: '30',
    about: 'how long one call to the provider may take',
  },
  CLOCK_SKEW_SECONDS: {
    schema: seconds(0, 86_400).default(600),
    bound: '0 to 86400 seconds',
    example: '600',
    about:
      'how far ahead of ours the clock of a helpdesk may be; tickets changed later than that do not win by their time',
  },
  SLA_CONFIG_PATH: {
    schema: z
      .string()
      .min(1)
      .transform((path) => resolve(path))
      .optional(),
    bound: 'a file',
    example: './sla_config.yaml',
    about: 'the SLA policy of all tenants that have none of their own, read by schedulers; unset = the shipped one',
  },
  OUTBOUND_PRIVATE_HOSTS: {
    schema: list(hostAndPort).optional(),
    bound: 'host or host:port entries, separated by commas',
    example: 'helpdesk.internal,10.1.2.3:8443',
    about: 'hosts that tenants’ connections may reach although they are private or speak plain http; unset = none',
  },
  SMTP_URL: {
    schema: z.url({ protocol: /^smtps?$/ }).optional(),
    bound: 'an smtp:// or smtps:// URL',
    example: 'smtps://user:password@mail.example.com:465',
    about: 'the mail server that e-mail channels send through, together with MAIL_FROM; unset = there is no e-mail',
    secret: true,
  },
  MAIL_FROM: {
    schema: z
      .string()
      .max(320)
      .refine((text) => z.email().safeParse(/^[^<>"@\p{Cc}]*<([^<>]+)>$/u.exec(text)?.[1] ?? text).success)
      .optional(),
    bound: 'an e-mail address, with a name before it or without',
    example: 'Signalbox <signalbox@example.com>',
    about: 'the sender of those e-mails',
  },
  IMPORT_MEGABYTES_MAX: {
    schema: z.coerce.number().int().min(1).max(10_000).default(512),
    bound: '1 to 10000 MB',
    example: '512',
    about: 'the largest file that may be imported',
  },
  REPORTS_MEGABYTES_MAX: {
    schema: z.coerce.number().int().min(1).max(1_000_000).default(4_096),
    bound: '1 to 1000000 MB',
    example: '4096',
    about: 'what all reports of a tenant that tasks have made may have together',
  },
  TASK_CACHE_MB: {
    schema: z.coerce.number().int().min(0).max(1_024).default(8),
    bound: '0 to 1024 MB (0 = no copies)',
    example: '8',
    about: 'memory for copies of tasks that are asked for again and again; with REDIS_URL they lie there instead',
  },
  REDIS_URL: {
    schema: z.url({ protocol: /^rediss?$/ }).optional(),
    bound: 'a redis:// or rediss:// URL',
    example: 'redis://cache:6379',
    about: 'the Redis or Valkey in which processes share copies of tasks; unset = each in its memory',
    secret: true,
  },
  TASK_CONCURRENCY: {
    schema: z.coerce.number().int().min(1).max(100).default(8),
    bound: '1 to 100 tasks',
    example: '8',
    about: 'tasks this process runs at once',
  },
  TASK_CONCURRENCY_PER_TENANT: {
    schema: z.coerce.number().int().min(1).max(100).default(2),
    bound: '1 to 100 tasks',
    example: '2',
    about: 'tasks one tenant may have running at once, over all processes',
  },
  TASK_LEASE_SECONDS: {
    schema: seconds(2, 60).default(30),
    bound: '2 to 60 seconds',
    example: '30',
    about: 'how long a worker that has gone silent keeps its task',
  },
  ...queueVariables,
  SCHEDULER_LOOK_SECONDS: {
    schema: seconds(1, 60).default(5),
    bound: '1 to 60 seconds',
    example: '5',
    about: 'how often the scheduler looks for tasks whose worker is gone and for runs that are due',
  },
  CLOCK_ALERTS_TOGETHER: {
    schema: z.coerce.number().int().min(1).max(200).default(100),
    bound: '1 to 200 alerts',
    example: '100',
    about:
      'as many warnings, breaches or escalations of a tenant that are due together are told one by one; more are one signal',
  },
  CIRCUIT_OPEN_SECONDS: {
    schema: seconds(1, 600).default(30),
    bound: '1 to 600 seconds',
    example: '30',
    about:
      'how long nobody sends through a channel whose last calls failed, before one call tries; the same for all processes',
  },
  REQUESTS_PER_MINUTE: {
    schema: z.coerce.number().int().min(10).max(10_000_000).default(6_000),
    bound: '10 to 10000000 requests',
    example: '6000',
    about: 'requests a caller may make in a minute, per process',
  },
  CONNECTIONS_MAX: {
    ...cap('connections', { least: 20, most: 100_000, usual: 5_000 }),
    about: 'connections of callers that this process has at once',
  },
  CONNECTIONS_PER_ADDRESS: {
    ...cap('connections', { least: 10, most: 100_000, usual: 1_000 }),
    about: 'those of one address, or behind TRUST_PROXY its requests under way',
  },
  STREAMS_MAX: {
    ...cap('streams', { most: 100_000, usual: 2_000 }),
    about: 'streams of events that this process has at once',
  },
  STREAMS_PER_TENANT: { ...cap('streams', { most: 100_000, usual: 500 }), about: 'those of one tenant' },
  DOWNLOADS_MAX: {
    ...cap('downloads', { most: 1_000, usual: 20 }),
    about: 'files that this process makes at once while they are read; each takes up to 5 MB of memory',
  },
  DOWNLOADS_PER_TENANT: { ...cap('downloads', { most: 1_000, usual: 5 }), about: 'those of one tenant' },
  CORS_ORIGINS: {
    schema: list(httpUrl).optional(),
    bound: 'http(s) origins, separated by commas',
    example: 'https://console.example.com',
    about: 'origins whose pages may call the API; unset = none',
  },
  TRUST_PROXY: {
    schema: z.union([flag.transform(Number), z.coerce.number().int().min(0).max(10)]).default(0),
    bound: 'false, true (one) or 0 to 10 proxies',
    example: '1',
    about:
      'how many reverse proxies in front add to X-Forwarded-For; what stands before theirs is the caller’s invention',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: httpUrl.optional(),
    bound: 'an http(s) URL',
    example: 'http://collector:4318',
    about: 'where traces are sent; unset = no traces',
  },
  EVENT_LOOP_HELD_MS: {
    schema: zeroOrMilliseconds(50, 60_000).default(250),
    bound: '0 or 50 to 60000 milliseconds',
    example: '250',
    about: 'how long something may hold the event loop before it is logged what did; 0 = nobody looks',
  },
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    bound: 'trace, debug, info, warn, error, fatal or silent',
    example: 'debug',
    about: 'the least important line that is logged',
  },
} as const satisfies Record<string, Variable>

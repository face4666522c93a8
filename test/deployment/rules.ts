import { MEMORY } from '../../bin/commands.mjs'
import { knobNames, variableName } from '../../mock-provider/options.ts'
import { describeConfig, parseConfig } from '../../src/kernel/config.ts'
import type { Route } from '../../src/platform/http/index.ts'
import { type Deployment, type DeploymentTexts, isInRepository } from './files.ts'

/** `planted`: a text and what it is changed to, which breaks the rule. */
export type DeploymentRule = {
  rule: string
  violations: (deployment: Deployment) => string[]
  planted: { in: keyof DeploymentTexts; replace: string; by: string }
}

export const configNames = new Set(describeConfig(parseConfig({})).match(/^[A-Z_]+/gm))
const mockProviderNames = new Set(knobNames.map(variableName))
/** Read by Node.js, by the image of PostgreSQL and by compose itself. */
const foreignNames = new Set(['NODE_ENV', 'NODE_COMPILE_CACHE', 'POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD'])

const PROGRAM = /[\w./-]+\.m?[jt]s\b/g

const finalStage = ({ stages }: Deployment) => stages.at(-1)?.instructions ?? []
const finalValue = (deployment: Deployment, name: string) =>
  finalStage(deployment).findLast((instruction) => instruction.name === name)?.value
const isOurs = (image: string | undefined) => image === 'signalbox'
const environmentOf = (text: string): [string, string][] =>
  [...text.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])

/** The health checks of our own processes, by who answers them. */
function healthPaths(deployment: Deployment): { answeredBy: 'system' | 'provider'; path: string }[] {
  const pathIn = (text: string | undefined) => /http:\/\/127\.0\.0\.1:[^/]+(\/[^')]*)/.exec(text ?? '')?.[1] ?? ''
  return [
    { answeredBy: 'system', path: pathIn(finalValue(deployment, 'HEALTHCHECK')) },
    ...deployment.services
      .filter(([, { image, healthcheck }]) => isOurs(image) && healthcheck)
      .map(([, { healthcheck }]) => ({ answeredBy: 'provider' as const, path: pathIn(healthcheck?.test.join(' ')) })),
  ]
}

export function deploymentRules(declared: {
  system: readonly Pick<Route, 'method' | 'path'>[]
  provider: readonly string[]
}): DeploymentRule[] {
  return [
    {
      rule: 'what the image copies is there',
      violations: ({ stages }) =>
        stages
          .flatMap(({ instructions }) => instructions)
          .filter(({ name, value }) => name === 'COPY' && !value.startsWith('--from='))
          .flatMap(({ value }) => value.split(' ').slice(0, -1))
          .filter((path) => !isInRepository(path)),
      planted: { in: 'dockerfile', replace: 'COPY src src', by: 'COPY source src' },
    },
    {
      rule: 'what is copied between stages comes from a stage',
      violations: ({ stages }) =>
        stages
          .flatMap(({ instructions }) => instructions)
          .flatMap(({ value }) => /^--from=(\w+)/.exec(value)?.[1] ?? [])
          .filter((name) => !stages.some((stage) => stage.name === name)),
      planted: { in: 'dockerfile', replace: '--from=packages', by: '--from=build' },
    },
    {
      rule: 'the image has a stage of its own for the packages',
      violations: ({ stages }) =>
        stages.length > 1 && !finalStage({ stages } as Deployment).some(({ value }) => value.startsWith('npm '))
          ? []
          : ['the packages are installed in the image that runs'],
      planted: { in: 'dockerfile', replace: 'USER node', by: 'RUN npm ci\nUSER node' },
    },
    {
      rule: 'the image does not run as root',
      violations: (deployment) => {
        const user = finalValue(deployment, 'USER') ?? 'root'
        return ['root', '0'].includes(user) ? [`runs as ${user}`] : []
      },
      planted: { in: 'dockerfile', replace: 'USER node', by: 'USER root' },
    },
    {
      rule: 'the programs that are run are there and in the image',
      violations: (deployment) => {
        const commands = deployment.services.map(([, { command = [] }]) => command.join(' '))
        const copied = finalStage(deployment)
          .filter(({ name }) => name === 'COPY')
          .flatMap(({ value }) => value.split(' ').slice(-1))
        return [finalValue(deployment, 'CMD') ?? 'no CMD', ...commands]
          .flatMap((command) => command.match(PROGRAM) ?? [])
          .filter((path) => !isInRepository(path) || !copied.some((folder) => path.startsWith(`${folder}/`)))
      },
      planted: { in: 'compose', replace: 'mock-provider/main.ts', by: 'bench/run.ts' },
    },
    {
      rule: 'the image bounds the memory as npm start does',
      violations: (deployment) => {
        const command = finalValue(deployment, 'CMD') ?? ''
        return MEMORY.filter((argument) => !command.includes(`"${argument}"`))
      },
      planted: { in: 'dockerfile', replace: 'CMD ["node", "--max-old-space-size=1024"', by: 'CMD ["node"' },
    },
    {
      rule: 'the image brings along what Node.js compiles for the arguments that it is run with',
      violations: (deployment) => {
        const compiles = finalStage(deployment).find(({ name, value }) => name === 'RUN' && value.includes('--eval'))
        return MEMORY.filter((argument) => !compiles?.value.includes(`"${argument}"`))
      },
      planted: { in: 'dockerfile', replace: '"--eval"', by: '"--check"' },
    },
    {
      rule: 'the build target is a stage',
      violations: ({ services, stages }) =>
        services
          .flatMap(([, { build }]) => build?.target ?? [])
          .filter((target) => !stages.some(({ name }) => name === target)),
      planted: { in: 'compose', replace: 'target: app', by: 'target: web' },
    },
    {
      rule: 'every variable is one that somebody reads',
      violations: (deployment) =>
        [
          ...finalStage(deployment)
            .filter(({ name }) => name === 'ENV')
            .flatMap(({ value }) => environmentOf(value).map(([variable]) => variable)),
          ...deployment.services.flatMap(([, { environment = {} }]) => Object.keys(environment)),
          ...deployment.environment.map(([name]) => name),
        ].filter((name) => ![configNames, mockProviderNames, foreignNames].some((names) => names.has(name))),
      planted: { in: 'compose', replace: 'SIGNALBOX_ROLES: worker', by: 'SIGNALBOX_ROLE: worker' },
    },
    {
      rule: 'every value is one that the configuration accepts',
      violations: (deployment) => {
        const image = finalStage(deployment).flatMap(({ name, value }) => (name === 'ENV' ? environmentOf(value) : []))
        return deployment.services
          .filter(([, { image: name }]) => isOurs(name))
          .flatMap(([service, { environment = {} }]) => {
            const filledIn = Object.entries(environment).map(([name, value]) => [name, fillIn(value)] as const)
            return complaintsAbout(service, { ...Object.fromEntries(image), ...Object.fromEntries(filledIn) })
          })
      },
      planted: { in: 'compose', replace: 'SIGNALBOX_ROLES: worker', by: 'SIGNALBOX_ROLES: workers' },
    },
    {
      rule: 'the health checks ask for declared routes',
      violations: (deployment) =>
        healthPaths(deployment)
          .filter(({ answeredBy, path }) =>
            answeredBy === 'system'
              ? !declared.system.some((route) => route.method === 'GET' && route.path === path)
              : !declared.provider.includes(path),
          )
          .map(({ path }) => path),
      planted: { in: 'dockerfile', replace: '/health/ready', by: '/healthz' },
    },
    {
      rule: 'who waits for a service waits until it is healthy, and it says so',
      violations: ({ services }) =>
        services.flatMap(([name, { depends_on = {} }]) =>
          Object.entries(depends_on)
            .filter(([needed, { condition }]) => {
              const service = services.find(([other]) => other === needed)?.[1]
              return condition !== 'service_healthy' || !(service?.healthcheck || isOurs(service?.image))
            })
            .map(([needed]) => `${name} waits for ${needed}`),
        ),
      planted: { in: 'compose', replace: 'condition: service_healthy', by: 'condition: service_started' },
    },
    {
      rule: 'every volume is declared and lies where the image keeps its data',
      violations: ({ services, volumes }) =>
        services
          .flatMap(([, service]) => service.volumes ?? [])
          .filter((mount) => {
            const [volume = '', target] = mount.split(':')
            return !volumes.includes(volume) || target !== '/var/lib/postgresql'
          }),
      planted: { in: 'compose', replace: ':/var/lib/postgresql', by: ':/var/lib/postgresql/data' },
    },
    {
      rule: 'no secret has a value of its own: it must be set, or stays unset',
      violations: ({ composeText }) =>
        [...composeText.matchAll(/^ *(\w*(?:PASSWORD|TOKEN|SECRET)|\w+_URL): (.*)$/gm)].flatMap(
          ([, name, value = '']) =>
            /\$\{\w+:(\?|-\}$)/.test(value) || /^http:\/\/[\w-]+(:\d+)?$/.test(value) ? [] : [`${name}: ${value}`],
        ),
      planted: { in: 'compose', replace: '${SIGNALBOX_ADMIN_TOKEN:?', by: '${SIGNALBOX_ADMIN_TOKEN:-operator' },
    },
    {
      rule: '.env.example names every variable of the configuration, and nothing is set in it',
      violations: ({ environment }) =>
        [...configNames].filter((name) => !environment.some(([named]) => named === name)),
      planted: { in: 'environment', replace: '# TRUST_PROXY=', by: 'TRUST_PROXY=' },
    },
    {
      rule: '.env.example shows values that the configuration accepts',
      violations: ({ environment }) =>
        complaintsAbout('.env.example', Object.fromEntries(environment.filter(([name]) => configNames.has(name)))),
      planted: { in: 'environment', replace: '# PORT=', by: '# PORT=-' },
    },
  ]
}

/** `${NAME:-default}` as its default, `${NAME:?…}` as something long enough for any secret. */
const fillIn = (value: string) =>
  value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll(/\$\{\w+:\?[^}]*\}/g, 'f'.repeat(48))

function complaintsAbout(where: string, environment: Record<string, string>): string[] {
  try {
    parseConfig(environment)
    return []
  } catch (error) {
    return [`${where}: ${error instanceof Error ? error.message : error}`]
  }
}

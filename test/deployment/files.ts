import { existsSync, readFileSync } from 'node:fs'
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml'

const root = new URL('../../', import.meta.url)

/** The files that describe a deployment, as they are written. */
export type DeploymentTexts = { dockerfile: string; compose: string; environment: string }

type Service = {
  build?: { context: string; target?: string }
  image?: string
  command?: string[]
  environment?: Record<string, string>
  volumes?: string[]
  healthcheck?: { test: string[] }
  depends_on?: Record<string, { condition: string }>
}

export type Deployment = {
  stages: { name: string; instructions: { name: string; value: string }[] }[]
  services: [name: string, service: Service][]
  volumes: string[]
  /** Variable names of `.env.example` with their values; comments are not among them. */
  environment: [name: string, value: string][]
  composeText: string
}

export const isInRepository = (path: string): boolean => existsSync(new URL(path, root))

const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

export function readDeployment(): DeploymentTexts {
  return { dockerfile: read('Dockerfile'), compose: read('compose.yaml'), environment: read('.env.example') }
}

/** Throws when the compose file is not YAML. */
export function parseDeployment({ dockerfile, compose, environment }: DeploymentTexts): Deployment {
  const document = load(compose, { schema: CORE_SCHEMA.withTags(mergeTag) }) as {
    services: Record<string, Service>
    volumes?: Record<string, unknown>
  }
  return {
    stages: stagesOf(dockerfile),
    services: Object.entries(document.services),
    volumes: Object.keys(document.volumes ?? {}),
    environment: [...environment.matchAll(/^# ?([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    composeText: compose,
  }
}

function stagesOf(dockerfile: string): Deployment['stages'] {
  const stages: Deployment['stages'] = []
  for (const line of dockerfile.split('\n')) {
    const [, name = '', value = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push({ name: / AS (\w+)$/.exec(value)?.[1] ?? '', instructions: [] })
    if (name !== '') stages.at(-1)?.instructions.push({ name, value })
  }
  return stages
}

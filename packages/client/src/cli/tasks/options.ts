import { type Command, InvalidArgumentError } from 'commander'

/** For an option that is a whole number of this range. */
export const numberBetween = (least: number, most: number) => (text: string) => {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`)
}

export type FilterOptions = {
  status?: string
  kind?: string
  owner?: string
  title?: string
  priorityMin?: number
  after?: string
  before?: string
}

/** Which tasks of a tenant: what lists and acts on many have in common. */
export const filtering = (command: Command, statuses: string): Command =>
  command
    .option('--status <statuses>', `${statuses}; several with commas`)
    .option('--kind <kinds>', 'as in demo.sleep; several with commas')
    .option('--owner <who>', 'who made them: me, person:…, key:…')
    .option('--title <letters>', 'letters of the title')
    .option('--priority-min <number>', 'this priority and higher', numberBetween(-10, 10))
    .option('--after <time>', 'made after, with a zone: 2026-03-01T09:00:00Z')
    .option('--before <time>', 'made before')

type Status = 'queued' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'cancelled'

/** As the API’s query parameters say it; it checks them. */
export function queryOf(options: FilterOptions) {
  const { status, kind, owner, title, priorityMin, after, before } = options
  const said = {
    ...{ status: status as Status | undefined, kind, owner, q: title },
    ...{ priority_min: priorityMin?.toString(), created_after: after, created_before: before },
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Record<string, never>
}

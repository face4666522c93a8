/** What a page names as evidence. */
export type Citation =
  | { kind: 'route' | 'command' | 'path'; text: string }
  | { kind: 'test'; path: string; name: string | undefined }

/** What stands in the backticks of a page, and the rows of its tables without heads and rules. */
export function readPage(page: string): { citations: Citation[]; rows: string[] } {
  const lines = page.split('\n').filter((line) => line.startsWith('|'))
  const rows = lines.filter((line, at) => !isRule(line) && !isRule(lines[at + 1] ?? ''))
  return { rows, citations: [...page.matchAll(/`([^`]+)`/g)].flatMap(([, text = '']) => readCitation(text) ?? []) }
}

/** Whether a row leaves a requirement unanswered. */
export const withoutCitation = (row: string): boolean => readPage(row).citations.length === 0

const isRule = (line: string) => /^\|[\s|:-]+\|$/.test(line)

function readCitation(text: string): Citation | undefined {
  if (/^(GET|POST|PUT|PATCH|DELETE) \//.test(text)) return { kind: 'route', text }
  if (/^npm run /.test(text)) return { kind: 'command', text }
  const [, path, name] = /^([\w./-]+\.test\.ts)(?:: (.+))?$/.exec(text) ?? []
  if (path !== undefined) return { kind: 'test', path, name: name?.replace(/ ?…$/, '') }
  return /^(src|docs|test|bench|eval|ops|packages|console|mock-provider)\//.test(text)
    ? { kind: 'path', text }
    : undefined
}

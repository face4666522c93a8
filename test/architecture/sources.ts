import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vitest/node'

/** A hand-written file: where it is, seen from the root of the repository, and what it imports of ours. */
export type Source = { path: string; lines: number; imports: string[] }

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = ['src', 'bin', 'mock-provider', 'packages', 'bench', 'console', 'test']
const CODE = /\.(ts|tsx|mts|cts|js|jsx|mjs|cjs)$/
const WRITTEN = /\.(ts|tsx|mts|cts|js|jsx|mjs|cjs|sql|css)$/
const GENERATED = /\.generated\.ts$/

/** Every path below the folders that hold our code, folders included. */
export function readPaths(): string[] {
  return FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .map((entry) => posix.join(entry.parentPath.slice(ROOT.length), entry.name))
      .filter((path) => !/(^|\/)(node_modules|dist)(\/|$)/.test(path)),
  )
}

export function readSources(paths: readonly string[]): Source[] {
  return paths
    .filter((path) => WRITTEN.test(path) && !GENERATED.test(path))
    .map((path) => readSource(path, readFileSync(join(ROOT, path), 'utf8')))
}

export function readSource(path: string, text: string): Source {
  return { path, lines: text.split('\n').length - 1, imports: CODE.test(path) ? findImports(path, text) : [] }
}

/**
 * The files of ours that a file imports, in whatever way: import, export … from, import type, dynamic import, a type
 * written as `import('…')`. From the syntax tree, so that neither a comment nor a string can be taken for an import.
 */
function findImports(path: string, text: string): string[] {
  const lang = /x$/.test(path) ? 'tsx' : 'ts'
  const found = new Set<string>()
  visit(parseAst(text, { lang }, path), (node) => {
    if (!IMPORTING.has(node.type) || !isNode(node.source)) return
    // A computed address could lead anywhere.
    const address = typeof node.source.value === 'string' ? node.source.value : './(computed)'
    if (address.startsWith('.')) found.add(posix.join(dirname(path), address))
  })
  return [...found]
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

type SyntaxNode = { type: string; [property: string]: unknown }

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function visit(value: unknown, look: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) for (const entry of value) visit(entry, look)
  if (!isNode(value)) return
  look(value)
  for (const child of Object.values(value)) visit(child, look)
}

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { declaredFaults } from '../src/kernel/faults.ts'
// Imports every module, and with it every declaration.
import '../src/main.ts'

const FOLDER = new URL('../docs/errors/', import.meta.url)
const SECTIONS = ['## What happened', '## What to do']

const codes = [...declaredFaults()]
const pages = readdirSync(FOLDER).map((name) => name.replace(/\.md$/, ''))

/** What is missing from the page about a fault. */
function complaints(page: string, code: string, status: number): string[] {
  const [title, , summary] = page.split('\n')
  const empty = SECTIONS.filter((section) => !new RegExp(`^${section}\n\n\\S`, 'm').test(page))
  return [
    ...(title === `# ${code}` ? [] : [`its first line is not "# ${code}"`]),
    ...(summary?.startsWith(`**Status ${status}.** `)
      ? []
      : [`its third line does not begin with "**Status ${status}.** "`]),
    ...empty.map((section) => `"${section}" is missing or empty`),
  ]
}

describe('the pages under docs/errors', () => {
  it('are one for each code that the system declares, and none besides', () => {
    expect(pages.toSorted()).toEqual(codes.map(([code]) => code).toSorted())
  })

  it.each(codes)('%s: says what happened and what to do', (code, status) => {
    expect(complaints(readFileSync(new URL(`${code}.md`, FOLDER), 'utf8'), code, status)).toEqual([])
  })
})

describe('the check', () => {
  const page = '# a.b\n\n**Status 404.** Gone.\n\n## What happened\n\nThis.\n\n## What to do\n\nThat.\n'

  it.each([
    ['a wrong title', page.replace('# a.b', '# a.c')],
    ['a wrong status', page.replace('404', '410')],
    ['an empty section', page.replace('That.', '')],
    ['a missing section', page.replace('## What happened', '')],
  ])('bites at %s', (_what, spoiled) => {
    expect(complaints(page, 'a.b', 404)).toEqual([])
    expect(complaints(spoiled, 'a.b', 404)).toHaveLength(1)
  })
})

import { readdirSync } from 'node:fs'

/**
 * `npm run bench -- <name>` runs bench/<name>.bench.ts; without a name, all of them. A benchmark prints figures and
 * asserts nothing: whether they are good enough is for people, with the peer measured in the same run beside them.
 */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
const wanted = process.argv[2]
if (wanted !== undefined && !names.includes(wanted)) {
  console.error(`There is no benchmark ${wanted}. There are: ${names.join(', ')}.`)
  process.exit(2)
}
for (const name of wanted === undefined ? names : [wanted]) {
  console.log(`\n## ${name}`)
  const { bench } = (await import(`./${name}.bench.ts`)) as { bench: () => Promise<void> }
  await bench()
}

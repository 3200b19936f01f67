import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importCycles, importProblem } from './import-rules.ts'
import { longFiles } from './file-sizes.ts'
import { readImports } from './read-imports.ts'

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const paths = globSync(['src/**/*.ts', 'console/src/**/*.{ts,tsx}'], { cwd: root }).map((path) =>
  path.replaceAll('\\', '/'),
)
const files = paths.toSorted().map((path) => ({ path, source: readFileSync(join(root, path), 'utf8') }))
const edges = files.flatMap(({ path, source }) => readImports(path, source))

const problems = edges.flatMap((edge) => {
  const problem = importProblem(edge)
  return problem === undefined ? [] : [`${edge.from} imports ${edge.to}: ${problem}`]
})
const cycles = importCycles(edges).map((cycle) => `import cycle: ${[...cycle, cycle[0]].join(' > ')}`)

for (const line of longFiles(files)) console.error(`warning: ${line}`)
for (const line of [...problems, ...cycles]) console.error(line)
if (problems.length + cycles.length > 0) {
  console.error('The arrows are drawn in CONTRIBUTING.md, the rules are in scripts/import-rules.ts')
  process.exitCode = 1
}

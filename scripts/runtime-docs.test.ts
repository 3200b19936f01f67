import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runtimeDifferences } from '../test/system/harness/runtime-differences.ts'
import { replaceSection } from './page-section.ts'
import { runtimeDocs } from './runtime-docs.ts'

it('has a row for each difference, and one for each runtime without any', () => {
  const rows = runtimeDocs([
    { runtime: 'bun', test: 'a.test.ts > suite > serves', what: 'It | differs.', consequence: 'None.' },
  ]).split('\n')
  expect(rows.slice(2)).toEqual([
    '| Node 24 | Nothing. |  |  |',
    '| Node 26 | Nothing. |  |  |',
    '| Deno | Nothing. |  |  |',
    '| Bun | It \\| differs. | None. | serves |',
  ])
})

it('is what docs/deploy/runtimes.md says', () => {
  const page = readFileSync(new URL('../docs/deploy/runtimes.md', import.meta.url), 'utf8')
  expect(replaceSection(page, 'differences', runtimeDocs(runtimeDifferences))).toBe(page)
})

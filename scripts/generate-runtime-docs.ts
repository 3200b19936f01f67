import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeDifferences } from '../test/system/harness/runtime-differences.ts'
import { keepFile } from './keep-file.ts'
import { replaceSection } from './page-section.ts'
import { runtimeDocs } from './runtime-docs.ts'

/** Keeps the table in docs/deploy/runtimes.md in step with the list of differences. */
const pagePath = join(import.meta.dirname, '..', 'docs', 'deploy', 'runtimes.md')
const page = readFileSync(pagePath, 'utf8')
keepFile(
  pagePath,
  replaceSection(page, 'differences', runtimeDocs(runtimeDifferences)),
  process.argv.includes('--check'),
)

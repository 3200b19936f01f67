import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { authorityDocs } from './authority-docs.ts'
import { keepFile } from './keep-file.ts'
import { replaceSection } from './page-section.ts'

/** Keeps the matrix in docs/users.md in step with what is tested. */
const pagePath = join(import.meta.dirname, '..', 'docs', 'users.md')
const page = readFileSync(pagePath, 'utf8')
keepFile(pagePath, replaceSection(page, 'authority', authorityDocs()), process.argv.includes('--check'))

import { join } from 'node:path'
import { catalogue } from '../src/errors/catalogue.ts'
import { errorDocs } from './error-docs.ts'
import { keepFile } from './keep-file.ts'

const path = join(import.meta.dirname, '..', 'docs', 'errors.md')
keepFile(path, errorDocs(catalogue), process.argv.includes('--check'))

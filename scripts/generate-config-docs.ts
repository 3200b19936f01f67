import { join } from 'node:path'
import { configDocs, configJsonSchema } from './config-docs.ts'
import { configExample } from './config-example.ts'
import { keepFile } from './keep-file.ts'

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')

keepFile(join(root, 'docs', 'config.md'), configDocs(), check)
keepFile(join(root, 'config.schema.json'), configJsonSchema(), check)
keepFile(join(root, 'corral.example.yaml'), configExample(), check)

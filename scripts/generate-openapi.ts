import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { openApiDocument } from '../src/admin/openapi-document.ts'
import { adminRoutes, adminStreams } from '../src/admin/routes.ts'

/** Writes openapi.json from the admin routes; with --check it only says whether the file is in step. */
const file = new URL('../openapi.json', import.meta.url)
const wanted = `${JSON.stringify(openApiDocument(adminRoutes, adminStreams), null, 2)}\n`

if (process.argv.includes('--check')) {
  const found = await readFile(file, 'utf8').catch(() => '')
  if (found !== wanted) {
    process.stderr.write('openapi.json is out of step: run "node scripts/generate-openapi.ts" and commit it\n')
    process.exitCode = 1
  }
} else {
  await writeFile(file, wanted)
}

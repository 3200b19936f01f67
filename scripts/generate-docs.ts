import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Each writes its file, or with --check says whether the file is in step. */
const generators = [
  'generate-error-docs.ts',
  'generate-config-docs.ts',
  'generate-openapi.ts',
  'generate-admin-types.ts',
  'generate-deno.ts',
  'generate-runtime-docs.ts',
  'generate-metrics-docs.ts',
  'generate-authority-docs.ts',
]

const failed = generators.filter((name) => {
  const path = join(import.meta.dirname, name)
  return spawnSync(process.execPath, [path, ...process.argv.slice(2)], { stdio: 'inherit' }).status !== 0
})

if (failed.length > 0) {
  console.error(`Not in step: ${failed.join(', ')} (npm run docs:gen)`)
  process.exitCode = 1
}

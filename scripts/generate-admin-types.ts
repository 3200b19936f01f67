import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { consoleRoutes } from '../src/admin/console-routes.ts'
import { adminRoutes, adminStreams } from '../src/admin/routes.ts'
import { adminTypes } from './admin-types.ts'
import { keepFile } from './keep-file.ts'

/** Keeps console/src/admin-types.ts, all that the page knows of the gateway, in step with the schemas of src/admin. */
const root = join(import.meta.dirname, '..')
const path = join(root, 'console/src/admin-types.ts')

function formatted(source: string): string {
  const program = join(root, 'node_modules/.bin/oxfmt')
  const { status, stdout, stderr, error } = spawnSync(program, ['--stdin-filepath', path], {
    cwd: root,
    input: source,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`oxfmt failed: ${error?.message ?? stderr}`)
  return stdout
}

keepFile(
  path,
  formatted(adminTypes({ routes: [...adminRoutes, ...consoleRoutes], streams: adminStreams })),
  process.argv.includes('--check'),
)

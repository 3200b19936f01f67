import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Before the tests: the page that they look at is that of the sources as they are now. */
export function setup(): void {
  const built = statSync(join(root, 'console/dist/index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = globSync('console/{*.ts,*.html,public/*,src/**/*.{ts,tsx,css}}', { cwd: root })
  if (sources.every((path) => (statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0) <= built)) return
  execFileSync(process.execPath, [join(root, 'scripts/prepare-console.cjs'), '--asked'], { stdio: 'pipe' })
}

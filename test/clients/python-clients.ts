import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The interpreter that `npm run clients:python` installs, or undefined where nobody ran it. */
export function pythonClients(): string | undefined {
  const path = join(import.meta.dirname, '..', '..', '.cache', 'python-clients', 'bin', 'python')
  return existsSync(path) ? path : undefined
}

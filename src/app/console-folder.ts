import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where the built console lies: in the clone and in the npm package alike beside package.json, wherever this code is. */
export function consoleFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'console', 'dist')
}

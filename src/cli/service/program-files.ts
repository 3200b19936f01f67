import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import type { Host } from '../terminal.ts'

export interface ProgramFiles {
  /** What starts it: the runtime, and the file it runs. */
  readonly program: readonly [string, string]
  /** All it consists of, none inside another. */
  readonly paths: readonly string[]
}

/** The program that is running now, by its real paths: links may lead through folders that a service cannot see. */
export function findProgramFiles({ execPath, argv }: Pick<Host, 'execPath' | 'argv'>): ProgramFiles {
  if (basename(execPath).startsWith('deno')) {
    throw new CommandFailure(
      'A unit cannot be written under Deno, whose permissions it would not have: run it with Node',
    )
  }
  const runtime = realpathSync(execPath)
  const main = realpathSync(argv[1] ?? '')
  const folder = packageFolder(main)
  return { program: [runtime, main], paths: runtime.startsWith(`${folder}${sep}`) ? [folder] : [folder, runtime] }
}

/** With the packages it imports: inside of it, or beside it in the outermost `node_modules` it lies in. */
function packageFolder(main: string): string {
  const packages = main.indexOf(`${sep}node_modules${sep}`)
  if (packages !== -1) return join(main.slice(0, packages), 'node_modules')
  let folder = dirname(main)
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return folder === dirname(folder) ? dirname(main) : folder
}

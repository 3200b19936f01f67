import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CommandFailure } from './command-failure.ts'
import type { Terminal } from './terminal.ts'

/** The text of a file, or of stdin for `-`. */
export async function readInput(terminal: Terminal, file: string): Promise<string> {
  if (file === '-') return terminal.readInput()
  try {
    return await readFile(resolve(terminal.cwd, file), 'utf8')
  } catch (error) {
    throw new CommandFailure(`Cannot read ${JSON.stringify(file)}: ${fileProblem(error)}`, { cause: error })
  }
}

export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const words: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
  }
  return (typeof code === 'string' ? words[code] : undefined) ?? String(error instanceof Error ? error.message : error)
}

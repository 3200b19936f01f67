import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/** Writes a generated file, or with `check` only says (and sets the exit code) when it is not what it should be. */
export function keepFile(path: string, content: string, check: boolean): void {
  if (readOrEmpty(path) === content) return
  if (!check) {
    writeFileSync(path, content)
    return
  }
  console.error(`${relative(process.cwd(), path)} is not in step with what it is made from`)
  process.exitCode = 1
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

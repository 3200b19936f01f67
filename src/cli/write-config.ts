import { writeFile } from 'node:fs/promises'
import { CommandFailure } from './command-failure.ts'
import { fileProblem } from './read-input.ts'

/** A config file that was not there before, unless `force` says that it may be replaced. */
export async function writeConfig(path: string, text: string, { force }: { force: boolean }): Promise<void> {
  try {
    // It may come to hold secrets: nobody else needs to read it.
    await writeFile(path, text, { flag: force ? 'w' : 'wx', mode: 0o600 })
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    const reason = exists ? 'it is there already; --force replaces it' : fileProblem(error)
    throw new CommandFailure(`Cannot write ${JSON.stringify(path)}: ${reason}`, { cause: error })
  }
}

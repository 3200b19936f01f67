import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CommandFailure } from '../command-failure.ts'
import { configTemplate } from '../config-template.ts'
import { fileProblem } from '../read-input.ts'
import type { Terminal } from '../terminal.ts'

export function init(command: Command, terminal: Terminal): void {
  command
    .option('--config <file>', 'where to write (default: corral.yaml)')
    .option('--force', 'replace a file that is there')
    .action(async (_options: unknown, self: Command) => {
      const { config = 'corral.yaml', force = false } = self.optsWithGlobals<{ config?: string; force?: boolean }>()
      const path = resolve(terminal.cwd, config)
      await write(path, force)
      terminal.say(`Wrote ${path}; "corral config check" reads it, "corral serve" runs it`)
    })
}

async function write(path: string, force: boolean): Promise<void> {
  try {
    // It may come to hold secrets: nobody else needs to read it.
    await writeFile(path, configTemplate, { flag: force ? 'w' : 'wx', mode: 0o600 })
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    const reason = exists ? 'it is there already; --force replaces it' : fileProblem(error)
    throw new CommandFailure(`Cannot write ${JSON.stringify(path)}: ${reason}`, { cause: error })
  }
}

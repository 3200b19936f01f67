import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { loadConfig } from '../load.ts'
import type { LoadedConfig, LoadInput } from '../settings.ts'

export interface ConfigFolder {
  readonly path: string
  write(name: string, content: string | Uint8Array): string
  load(input?: Partial<LoadInput>): Promise<LoadedConfig>
  /** The problems of a config that cannot be used. */
  problems(input?: Partial<LoadInput>): Promise<readonly string[]>
}

/** A folder of its own to start Corral in, gone when the test has ended. */
export function configFolder(yaml?: string): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), 'corral-config-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const load = (input: Partial<LoadInput> = {}) => loadConfig({ env: {}, cwd: path, ...input })
  const folder: ConfigFolder = {
    path,
    write(name, content) {
      mkdirSync(dirname(join(path, name)), { recursive: true })
      writeFileSync(join(path, name), content)
      return join(path, name)
    },
    load,
    async problems(input) {
      const result = await load(input).catch((error: unknown) => error)
      if (result instanceof ConfigError) return result.problems
      throw result instanceof Error ? result : new Error('The config loaded')
    },
  }
  if (yaml !== undefined) folder.write('corral.yaml', yaml)
  return folder
}

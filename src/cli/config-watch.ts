import { unwatchFile, watchFile } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/settings.ts'
import type { Log } from '../lib/log.ts'
import type { Host } from './terminal.ts'

export interface ConfigWatchDeps {
  readonly host: Host
  readonly log: Log
  load(): Promise<LoadedConfig>
  apply(config: LoadedConfig): Promise<void> | void
}

const pollMs = 1000

/**
 * Takes the config over again on SIGHUP and when its file changes; one that is not right is refused whole. The file
 * is looked at by name, because editors and orchestrators replace it rather than write to it.
 */
export function watchConfig(file: string | null, deps: ConfigWatchDeps): () => void {
  const path = file ?? resolve(deps.host.cwd(), 'corral.yaml')
  let last = Promise.resolve()
  const reload = (): void => {
    last = last.then(() => reloadOnce(deps))
  }
  watchFile(path, { interval: pollMs, persistent: false }, (now, before) => {
    // A file that is gone is being replaced, or its loss is no reason to change what runs.
    if (now.nlink > 0 && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size))
      reload()
  })
  deps.host.on('SIGHUP', reload)
  return () => {
    unwatchFile(path)
    deps.host.off('SIGHUP', reload)
  }
}

async function reloadOnce({ log, load, apply }: ConfigWatchDeps): Promise<void> {
  try {
    await apply(await load())
    log.info({}, 'The config was read again and holds now')
  } catch (error) {
    const problems =
      error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)]
    for (const problem of problems) log.error({ problem }, `The config was not taken over: ${problem}`)
  }
}

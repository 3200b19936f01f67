import { ConfigError } from '../config/config-error.ts'
import type { LoadedConfig } from '../config/settings.ts'
import { watchConfig } from '../config/watch-config.ts'
import type { Log } from '../lib/log.ts'
import type { Host } from './terminal.ts'

export interface ReloadDeps {
  readonly host: Host
  readonly log: Log
  load(): Promise<LoadedConfig>
  /** Returns the settings that only a restart changes. */
  apply(config: LoadedConfig): readonly string[]
  /** What was read is not right, one sentence for each problem. */
  refused(problems: readonly string[]): void
}

/**
 * Takes the config over again on SIGHUP and when its file changes; one that is not right is refused whole. Returns
 * what ends that.
 */
export function reloadConfig(config: LoadedConfig, deps: ReloadDeps): () => void {
  let last = Promise.resolve()
  const reload = (): void => {
    last = last.then(() => reloadOnce(deps))
  }
  const watch = watchConfig(config, reload)
  deps.host.on('SIGHUP', reload)
  return () => {
    watch.close()
    deps.host.off('SIGHUP', reload)
  }
}

async function reloadOnce({ log, load, apply, refused }: ReloadDeps): Promise<void> {
  try {
    const config = await load()
    const later = apply(config)
    log.info({}, 'The config was read again and holds now')
    logWarnings(config, log)
    if (later.length > 0) log.warn({ settings: later }, 'Some of what changed in the config needs a restart')
  } catch (error) {
    refused(problemsOf(error))
    if (!(error instanceof ConfigError)) log.error({ err: error }, 'The config was not taken over')
    else for (const problem of error.problems) log.error({ problem }, `The config was not taken over: ${problem}`)
  }
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems
  return [error instanceof Error ? error.message : String(error)]
}

/** What can be meant and probably is not. */
export function logWarnings({ warnings }: LoadedConfig, log: Log): void {
  for (const warning of warnings) log.warn({ warning }, `The config holds, but ${warning}`)
}

import type { EffectiveConfig } from '../admin/config-schemas.ts'
import type { LoadedConfig, Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'

/** What is configured, for an admin who wonders. */
export interface ConfigReport {
  view(): EffectiveConfig
  /** This holds from now on, but for what needs a restart. */
  taken(config: LoadedConfig): void
  /** It was read again, and is not right. */
  refused(problems: readonly string[]): void
}

export interface ConfigReportDeps {
  readonly clock: Clock
  /** What of a change needs a restart. */
  restartOnly(before: Settings, after: Settings): readonly string[]
}

export function createConfigReport(first: LoadedConfig, { clock, restartOnly }: ConfigReportDeps): ConfigReport {
  let config = first
  let readAt = clock.now()
  let refusal: EffectiveConfig['refused'] = null
  return {
    view: () => ({
      file: config.file,
      read_at: new Date(readAt).toISOString(),
      settings: [...config.sources].map(([name, { value, source, detail }]) => ({ name, value, source, detail })),
      warnings: [...config.warnings],
      needs_restart: [...restartOnly(first.settings, config.settings)],
      refused: refusal,
    }),
    taken(next) {
      config = next
      readAt = clock.now()
      refusal = null
    },
    refused(problems) {
      refusal = { at: new Date(clock.now()).toISOString(), problems: [...problems] }
    },
  }
}

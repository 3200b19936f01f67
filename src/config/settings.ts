import type { AuthSettings } from '../auth/settings.ts'
import type { CacheSettings } from '../cache/settings.ts'
import type { HttpSettings } from '../http/settings.ts'
import type { LedgerSettings } from '../ledger/settings.ts'
import type { LimitSettings } from '../limits/settings.ts'
import type { ModelSettings } from '../proxy/settings.ts'
import type { QueueSettings, RoutingSettings } from '../routing/settings.ts'
import type { StoreSettings } from '../store/settings.ts'
import type { LogSettings, TraceSettings } from '../telemetry/settings.ts'
import type { AgentSettings } from '../tunnel/settings.ts'
import type { UpstreamSettings } from '../upstreams/settings.ts'

/** Everything the gateway is told, checked and frozen. */
export interface Settings {
  readonly http: HttpSettings
  readonly auth: AuthSettings
  readonly upstreams: readonly UpstreamSettings[]
  readonly agents: AgentSettings
  readonly models: ModelSettings
  readonly routing: RoutingSettings
  readonly queue: QueueSettings
  readonly limits: LimitSettings
  readonly cache: CacheSettings
  readonly store: StoreSettings
  readonly ledger: LedgerSettings
  readonly log: LogSettings
  /** Null: spans are sent nowhere. */
  readonly traces: TraceSettings | null
}

export interface LoadedConfig {
  readonly settings: Settings
  /** By dotted key, such as `auth.key_file` or `upstreams[0].url`. */
  readonly sources: ReadonlyMap<string, SettingSource>
  /** Absolute path of the file that was read. */
  readonly file: string | null
  /** What can be meant and probably is not, one line each. */
  readonly warnings: readonly string[]
}

export interface SettingSource {
  /** As written; secrets are redacted. */
  readonly value: unknown
  readonly source: 'flag' | 'env' | 'file' | 'default'
  /** The flag, the variable, or `file:line:column`. */
  readonly detail: string
}

export interface LoadInput {
  readonly file?: string | undefined
  readonly flags?: { readonly listen?: string | undefined }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

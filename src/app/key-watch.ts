import { createKeyDirectory, type KeyDirectory } from '../auth/key-directory.ts'
import { createKeyDigester } from '../auth/key-digest.ts'
import { parseKeyFile, parseTokensFile, sharedToken } from '../auth/foreign-keys.ts'
import type { AuthSettings } from '../auth/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createKeyFiles, type KeyFileSource } from '../store/key-files.ts'
import type { Store } from '../store/open-store.ts'

export interface KeyWatch {
  readonly directory: KeyDirectory
  /** Whether anything could open the door at all. */
  hasKeys(): Promise<boolean>
  /** Looks at the store now instead of within its interval; what it finds holds when this resolves. Never rejects. */
  changed(): Promise<void>
  /** Hears of keys that opened something and no longer do. */
  onEnded(listener: (keyIds: readonly string[]) => void): void
  /** Hears when users or keys may be different from before. */
  onChanged(listener: () => void): void
  stop(): void
}

export interface KeyWatchDeps {
  readonly store: Store
  readonly pepper: Uint8Array
  readonly clock: Clock
  readonly log: Log
}

/** Well under the second within which a revocation holds. */
const STORE_POLL_MS = 100
const TOKENS_POLL_MS = 400

/** All keys there are, from the store and from elsewhere, kept as they are now. */
export async function watchKeys(deps: KeyWatchDeps, settings: AuthSettings): Promise<KeyWatch> {
  const { store, clock, log } = deps
  const salt = settings.keySalt === null ? null : { salt: settings.keySalt.reveal(), separator: settings.keySeparator }
  const digester = createKeyDigester(deps.pepper, salt)
  const directory = createKeyDirectory({ digester, clock })
  const shared = settings.token === null ? [] : [sharedToken(settings.token, settings.tokenScopes, digester)]
  const files = createKeyFiles({ log, clock, onChange: () => void look() }, keyFileSources(settings, digester))
  let version = NaN
  let isFailing = false
  let isPolling = false
  let tellChanged = (): void => {}
  let tellEnded = (_keyIds: readonly string[]): void => {}

  async function refresh(): Promise<void> {
    // Asked for before the rows are read: what changes in between is seen the next time.
    const seen = store.version()
    const [users, keys] = await Promise.all([store.listUsers(), store.listKeys()])
    tellEnded(directory.refresh({ users, keys, foreign: [...files.keys(), ...shared] }))
    tellChanged()
    version = seen
  }

  async function poll(): Promise<void> {
    try {
      const expired = directory.expire()
      if (expired.length > 0) tellEnded(expired)
      if (store.version() !== version) await refresh()
      isFailing = false
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'The keys could not be read; those known before still hold')
      isFailing = true
    }
  }

  /** What takes longer than the interval, such as waiting for a lock, is not begun again meanwhile. */
  async function pollAlone(): Promise<void> {
    if (isPolling) return
    isPolling = true
    await poll()
    isPolling = false
  }

  /** As `poll`, whether or not the store says that it has changed. */
  async function look(): Promise<void> {
    version = NaN
    await poll()
  }

  await files.start()
  await refresh()
  const timer = setInterval(() => void pollAlone(), STORE_POLL_MS)
  return {
    directory,
    hasKeys: async () => shared.length > 0 || files.keys().length > 0 || (await store.listKeys()).length > 0,
    changed: poll,
    onEnded: (listener) => void (tellEnded = listener),
    onChanged: (listener) => void (tellChanged = listener),
    stop() {
      clearInterval(timer)
      files.close()
    },
  }
}

function keyFileSources(settings: AuthSettings, digester: ReturnType<typeof createKeyDigester>): KeyFileSource[] {
  const sources: KeyFileSource[] = []
  if (settings.keyFile !== null) {
    const parse = (text: string): ReturnType<typeof parseKeyFile> => parseKeyFile(text, digester)
    sources.push({ label: 'auth.key_file', path: settings.keyFile, everyMs: settings.keyRefreshMs, parse })
  }
  if (settings.tokensFile !== null) {
    const parse = (text: string): ReturnType<typeof parseTokensFile> => parseTokensFile(text, digester)
    sources.push({ label: 'auth.tokens_file', path: settings.tokensFile, everyMs: TOKENS_POLL_MS, parse })
  }
  return sources
}

import type { KeyUse } from './principal.ts'

/** Which keys have opened something, remembered over a refresh of all keys. */
export interface KeyUses {
  of(keyId: string): KeyUse
  /** These are the keys now: others are forgotten. */
  keep(keyIds: readonly string[]): void
  /** Those that opened something since this was last asked. */
  take(): readonly string[]
}

export function createKeyUses(): KeyUses {
  let uses: ReadonlyMap<string, KeyUse> = new Map()
  const of = (keyId: string): KeyUse => uses.get(keyId) ?? { noted: false }
  return {
    of,
    keep: (keyIds) => void (uses = new Map(keyIds.map((id) => [id, of(id)]))),
    take() {
      const used = [...uses].filter(([, use]) => use.noted)
      for (const [, use] of used) use.noted = false
      return used.map(([id]) => id)
    },
  }
}

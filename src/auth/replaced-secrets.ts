import type { KeyRecord } from './key-store.ts'

/** Tells which keys have no secret left that they had the last time it was asked. */
export function createReplacedSecrets(): (keys: readonly KeyRecord[]) => readonly string[] {
  let before: ReadonlyMap<string, readonly string[]> = new Map()
  return (keys) => {
    const now = new Map(keys.map((key) => [key.id, digestsOf(key)]))
    const replaced = [...before].flatMap(([id, digests]) => {
      const kept = now.get(id)
      return kept === undefined || digests.some((digest) => kept.includes(digest)) ? [] : [id]
    })
    before = now
    return replaced
  }
}

function digestsOf({ digest, previous }: KeyRecord): readonly string[] {
  return previous === null ? [digest] : [digest, previous.digest]
}

import type { KeyObject } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { ForeignKey } from './foreign-keys.ts'
import { createDummyDigest, type KeyDigester } from './key-digest.ts'
import { foreignEntry, previousEntry, storedEntry, type KeyEntry } from './key-entry.ts'
import type { KeyRecord, UserRecord } from './key-store.ts'
import { createKeyUses, type KeyUses } from './key-uses.ts'
import { createLiveKeys } from './live-keys.ts'
import type { Principal } from './principal.ts'
import { createReplacedSecrets } from './replaced-secrets.ts'

export interface DirectoryContents {
  readonly users: readonly UserRecord[]
  readonly keys: readonly KeyRecord[]
  readonly foreign: readonly ForeignKey[]
}

/** All keys in memory. Asked once per request; replaced whole when anything changes. */
export interface KeyDirectory {
  /** `weak` for a carrier that must not carry admin, metrics or agent. */
  findBySecret(secret: string, strength: 'full' | 'weak'): Principal | undefined
  /** The key of the store with this id, by the secret that it has now; undefined where it opens nothing. */
  current(keyId: string): { readonly principal: Principal; readonly digest: string } | undefined
  /** Always weak: a signature can be replayed within its minute. */
  findBySshKey(base64: string): { readonly principal: Principal; readonly publicKey: KeyObject } | undefined
  /** Takes over new contents and returns the ids of keys that were valid until now and no longer are. */
  refresh(contents: DirectoryContents): readonly string[]
  /** Ids of keys that have expired since this was last asked. */
  expire(): readonly string[]
  /** When `expire` has something to say next, in milliseconds since the epoch. */
  nextExpiryAt(): number | null
  /** Whether who was found still is: asked when an exchange begins to count as the key's. */
  isLive(principal: Pick<Principal, 'keyId' | 'expiresAt'>): boolean
  /** One for each key that opens something now. */
  principals(): Iterable<Principal>
  /** Another number after each `refresh`: whoever was found before may have other rights now. */
  edition(): number
  /** Ids of the stored keys that opened something since this was last asked. */
  takeUsed(): readonly string[]
}

export interface KeyDirectoryDeps {
  readonly digester: KeyDigester
  readonly clock: Clock
}

type Snapshot = Readonly<Record<KeyEntry['kind'], ReadonlyMap<string, KeyEntry>>>

export function createKeyDirectory({ digester, clock }: KeyDirectoryDeps): KeyDirectory {
  const dummy = createDummyDigest()
  let snapshot: Snapshot = { peppered: new Map(), salted: new Map(), ssh: new Map() }
  let current: ReadonlyMap<string, KeyEntry> = new Map()
  let edition = 0
  const uses = createKeyUses()
  const replacedSecrets = createReplacedSecrets()
  const live = createLiveKeys(clock)

  return {
    findBySecret(secret, strength) {
      const digest = digester.present(secret)
      const salted = digester.presentSalted?.(secret)
      const fromFile = salted === undefined ? undefined : snapshot.salted.get(salted.toString('latin1'))
      // The store comes first, so that a key revoked there is not let in by a file.
      const entry = snapshot.peppered.get(digest.toString('latin1')) ?? fromFile
      const presented = entry === fromFile ? (salted ?? digest) : digest
      const same = digester.equal(entry?.digest ?? dummy, presented)
      const isValid = (entry?.validUntil ?? 0) > clock.now()
      if (entry === undefined || !same || !isValid) return undefined
      return strength === 'full' ? entry.principal : entry.weakPrincipal
    },
    current(keyId) {
      const entry = current.get(keyId)
      if (entry === undefined || entry.validUntil <= clock.now()) return undefined
      return { principal: entry.principal, digest: entry.digest.toString('hex') }
    },
    findBySshKey(base64) {
      const entry = snapshot.ssh.get(base64)
      if (entry?.publicKey == null || entry.validUntil <= clock.now()) return undefined
      return { principal: entry.weakPrincipal, publicKey: entry.publicKey }
    },
    refresh(contents) {
      edition++
      uses.keep(contents.keys.map(({ id }) => id))
      const entries = createEntries(contents, uses)
      snapshot = createSnapshot(entries)
      current = currentSecrets(entries)
      const lasting = entries.filter((entry) => !entry.isPrevious)
      const ended = live.settle(lasting.map((entry) => [entry.principal.keyId, lastsUntil(entry, snapshot)]))
      // Rotated with no time for the secret that it had: what runs with that ends.
      return [...ended, ...replacedSecrets(contents.keys).filter(live.has)]
    },
    expire: live.expire,
    nextExpiryAt: live.nextExpiryAt,
    isLive: live.isLive,
    *principals() {
      const now = clock.now()
      for (const entries of Object.values(snapshot))
        for (const entry of entries.values()) if (!entry.isPrevious && entry.validUntil > now) yield entry.principal
    },
    edition: () => edition,
    takeUsed: uses.take,
  }
}

function createEntries({ users, keys, foreign }: DirectoryContents, uses: KeyUses): KeyEntry[] {
  const owners = new Map(users.map((user) => [user.id, user]))
  const stored = keys.flatMap((record) => {
    const entry = storedEntry(record, owners.get(record.userId), uses.of(record.id))
    const previous = previousEntry(record, entry)
    return previous === undefined ? [entry] : [entry, previous]
  })
  // A secret that was revoked and then imported again has two entries; the one that lasts longer holds.
  stored.sort((one, other) => Number(other.validUntil > one.validUntil) - Number(one.validUntil > other.validUntil))
  return [...stored, ...foreign.map(foreignEntry)]
}

/** Those with a secret, of users in the store. */
function currentSecrets(entries: readonly KeyEntry[]): ReadonlyMap<string, KeyEntry> {
  const stored = entries.filter(({ kind, isPrevious, principal }) => {
    return kind === 'peppered' && !isPrevious && principal.userId !== undefined
  })
  return new Map(stored.map((entry) => [entry.principal.keyId, entry]))
}

/** Of several entries with one digest the first holds. */
function createSnapshot(entries: readonly KeyEntry[]): Snapshot {
  const snapshot = {
    peppered: new Map<string, KeyEntry>(),
    salted: new Map<string, KeyEntry>(),
    ssh: new Map<string, KeyEntry>(),
  }
  for (const entry of entries) {
    const map = snapshot[entry.kind]
    if (!map.has(lookupKey(entry))) map.set(lookupKey(entry), entry)
  }
  return snapshot
}

/** A key of a file that the store knows too ends with the store's. */
function lastsUntil(entry: KeyEntry, snapshot: Snapshot): number {
  return Math.min(entry.validUntil, snapshot[entry.kind].get(lookupKey(entry))?.validUntil ?? 0)
}

function lookupKey(entry: KeyEntry): string {
  return entry.digest.toString(entry.kind === 'ssh' ? 'base64' : 'latin1')
}

import type { Credential } from './credential.ts'
import type { KeyDirectory } from './key-directory.ts'
import type { Principal } from './principal.ts'

export type PresentedKey = Extract<Credential, { kind: 'key' }>

/** Finds who a key belongs to; undefined where it opens nothing. */
export type FindKey = (key: PresentedKey, connection: object) => Principal | undefined

interface Proven {
  readonly key: PresentedKey
  readonly principal: Principal
  /** Its terms may be others since. */
  readonly edition: number
}

/**
 * A connection that has shown a key need not prove it again: while nothing has changed, the same text is the same key. Only a
 * key that was proven is remembered, so unknown, wrong and revoked ones all take the whole way each time.
 */
export function createFindKey(directory: Pick<KeyDirectory, 'findBySecret' | 'isLive' | 'edition'>): FindKey {
  const proven = new WeakMap<object, Proven>()
  return (key, connection) => {
    const known = proven.get(connection)
    if (known?.key.secret === key.secret && known.key.carrier === key.carrier) {
      if (known.edition === directory.edition() && directory.isLive(known.principal)) return known.principal
    }
    const principal = directory.findBySecret(key.secret, key.carrier === 'path' ? 'weak' : 'full')
    if (principal !== undefined) proven.set(connection, { key, principal, edition: directory.edition() })
    return principal
  }
}

import type { CreatedKey, Key } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import type { KeyChange, NewKey } from './key-form.ts'

/** Through which routes keys are managed: those of everybody, or one's own. */
export interface KeyDoor {
  readonly kind: 'all' | 'own'
  create(body: NewKey): Promise<CreatedKey>
  rotate(key: Key, overlapSeconds: number): Promise<CreatedKey>
  revoke(key: Key): Promise<Key>
  /** Undefined: keys cannot be changed through this door. */
  readonly change: ((body: KeyChange) => Promise<Key>) | undefined
}

export const allKeys: KeyDoor = {
  kind: 'all',
  create: (input) => ask('POST /admin/keys', { input }),
  rotate: ({ id }, overlap_seconds) => ask('POST /admin/keys/rotate', { input: { key: id, overlap_seconds } }),
  revoke: ({ id }) => ask('DELETE /admin/keys/:id', { params: { id } }),
  change: (input) => ask('POST /admin/keys/change', { input }),
}

export const ownKeys: KeyDoor = {
  kind: 'own',
  create: (input) => ask('POST /admin/me/keys', { input }),
  rotate: ({ id }, overlap_seconds) => ask('POST /admin/me/keys/rotate', { input: { key: id, overlap_seconds } }),
  revoke: ({ id }) => ask('DELETE /admin/me/keys/:id', { params: { id } }),
  change: undefined,
}

import type { Key } from '../../admin-types.ts'
import { session } from '../../api/session.ts'
import { useStore } from '../../store.ts'

/** Whether this page is logged in with the key. Keys that count have names of their own. */
export function useIsOwnKey({ name, user }: Pick<Key, 'name' | 'user'>): boolean {
  const state = useStore(session)
  return state.kind === 'in' && state.session.key_name === name && state.session.user === user
}

import type { ConsoleSession } from '../admin-types.ts'
import { createStore } from '../store.ts'

export type Session = ConsoleSession

/** `cookie-lost`: the browser did not keep the cookie, as it does over plain HTTP. `link`: it was no good. */
export type WhyOut = 'new' | 'ended' | 'left' | 'cookie-lost' | 'link'

export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'out'; readonly because: WhyOut }
  | { readonly kind: 'in'; readonly session: Session }
  | { readonly kind: 'unreachable' }

export const session = createStore<SessionState>({ kind: 'asking' })

export function csrfToken(): string | null {
  const state = session.get()
  return state.kind === 'in' ? state.session.csrf : null
}

/** The gateway does not know the session any more: the key was revoked, or its time is over. */
export function sessionEnded(): void {
  if (session.get().kind === 'in') session.set({ kind: 'out', because: 'ended' })
}

import { createStore } from '../store.ts'

/** As `GET /console/session` answers. */
export interface Session {
  readonly user: string
  readonly role: 'admin' | 'member'
  readonly scopes: readonly string[]
  readonly key_name: string
  /** Goes along with everything that changes something. */
  readonly csrf: string
  readonly expires_at: string
  /** False: the page came over plain HTTP. */
  readonly secure: boolean
}

export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'out'; readonly because: 'new' | 'ended' | 'left' }
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

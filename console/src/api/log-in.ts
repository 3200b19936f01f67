import { goTo } from '../place.ts'
import { ApiError } from './api-error.ts'
import { ask } from './ask.ts'
import { session } from './session.ts'

/** Asks who is logged in, when the page opens and when the gateway was away. */
export async function resumeSession(): Promise<void> {
  try {
    session.set({ kind: 'in', session: await ask('GET /console/session') })
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return noSession()
    if (session.get().kind === 'asking') session.set({ kind: 'unreachable' })
  }
}

function noSession(): void {
  const state = session.get()
  if (state.kind === 'out') return
  session.set({ kind: 'out', because: state.kind === 'in' ? 'ended' : 'new' })
}

export type LogInResult = 'in' | 'cookie-lost'

/**
 * With a key, or with what a one-time link carries. Throws ApiError. `cookie-lost`: the browser did not keep the
 * cookie, as it does over plain HTTP.
 */
export async function logIn(credential: { readonly key: string } | { readonly link: string }): Promise<LogInResult> {
  await ask('POST /console/session', { input: credential })
  try {
    session.set({ kind: 'in', session: await ask('GET /console/session') })
    return 'in'
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return 'cookie-lost'
    throw error
  }
}

export async function logOut(): Promise<void> {
  await ask('DELETE /console/session')
  session.set({ kind: 'out', because: 'left' })
  goTo('#/')
}

/** The one-time code of `#link=...`, taken out of the address so that it is not kept in the history. */
export function takeLink(): string | null {
  const found = /^#link=(.+)$/.exec(location.hash)?.[1]
  if (found === undefined) return null
  history.replaceState(null, '', location.pathname)
  return decodeURIComponent(found)
}

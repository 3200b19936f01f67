import { goTo, replacePlace } from '../place.ts'
import { ApiError } from './api-error.ts'
import { ask } from './ask.ts'
import { session, type WhyOut } from './session.ts'

/** When the page opens: as whom a one-time link in the address says, else as who was logged in before. */
export async function arrive(): Promise<void> {
  const link = takeLink()
  if (link === null) return resumeSession()
  try {
    await logIn({ link })
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) session.set({ kind: 'unreachable' })
    else out('link')
  }
}

/** Asks who is logged in: when the page opens, and when the gateway was away. */
export async function resumeSession(): Promise<void> {
  try {
    session.set({ kind: 'in', session: await ask('GET /console/session') })
  } catch (error) {
    if (isNobody(error)) return out(session.get().kind === 'in' ? 'ended' : 'new')
    if (session.get().kind === 'asking') session.set({ kind: 'unreachable' })
  }
}

/** Throws ApiError. */
export async function logIn(credential: { readonly key: string } | { readonly link: string }): Promise<void> {
  await ask('POST /console/session', { input: credential })
  try {
    session.set({ kind: 'in', session: await ask('GET /console/session') })
  } catch (error) {
    if (!isNobody(error)) throw error
    out('cookie-lost')
  }
}

export async function logOut(): Promise<void> {
  await ask('DELETE /console/session')
  out('left')
  goTo('#/')
}

function out(because: WhyOut): void {
  const state = session.get()
  // Whoever knows why already is not told that nobody is there.
  if (state.kind !== 'out' || because !== 'new') session.set({ kind: 'out', because })
}

function isNobody(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

/** The one-time code of `#link=...`, taken out of the address so that it is not kept in the history. */
function takeLink(): string | null {
  const found = /^#link=([\w.~-]+)$/.exec(location.hash)?.[1]
  if (found === undefined) return null
  replacePlace(location.pathname)
  return found
}

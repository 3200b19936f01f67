import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import { isLoopbackHost } from './listen-address.ts'

export interface OriginGuardSettings {
  readonly auth: { readonly mode: 'keys' | 'none' }
  readonly http: { readonly corsOrigins: readonly string[] }
}

/**
 * Whether a request may be served, by the page it comes from. A page has no key, so with keys any will do. Without
 * them every page that somebody opens could have models loaded, pulled and pushed: CORS only keeps the answer from it.
 * Ollama turns such pages away itself, but never sees an Origin from here. As there, pages of this machine and of
 * programs that are no browsers (`app:`, `vscode-webview:`) are served; `null` is what a hostile frame can say too.
 */
export function createOriginGuard({ auth, http }: OriginGuardSettings): (headers: RawHeaders) => boolean {
  if (auth.mode === 'keys' || http.corsOrigins.includes('*')) return () => true
  const listed = new Set(http.corsOrigins.map((origin) => origin.toLowerCase()))
  return (headers) => {
    const origin = headerValue(headers, 'origin')?.toLowerCase()
    if (origin === undefined || listed.has(origin)) return true
    if (!URL.canParse(origin)) return false
    const { protocol, host, hostname } = new URL(origin)
    if (protocol !== 'http:' && protocol !== 'https:') return true
    return isLocal(hostname.replace(/^\[|\]$/g, '')) || host === headerValue(headers, 'host')?.toLowerCase()
  }
}

/** Whether a page of anywhere but here has made the request. What is for programs alone needs no list of pages. */
export function isOfForeignPage(headers: RawHeaders): boolean {
  const origin = headerValue(headers, 'origin')
  if (origin === undefined) return false
  const host = headerValue(headers, 'host')?.toLowerCase()
  return !URL.canParse(origin) || !/^https?:/i.test(origin) || new URL(origin).host !== host
}

function isLocal(name: string): boolean {
  return isLoopbackHost(name) || name.endsWith('.localhost') || name === '0.0.0.0'
}

import type { Settings } from '../config/settings.ts'

/** The keys of parts that were built before the config could change under them. */
export function restartOnly(before: Settings, after: Settings): string[] {
  const parts: [string, unknown, unknown][] = [
    ['listen', before.http.listen, after.http.listen],
    ['tls', before.http.tls, after.http.tls],
    ['trusted_proxies', before.http.trustedProxies, after.http.trustedProxies],
    ['limits.bodies_total', before.http.bodiesTotalBytes, after.http.bodiesTotalBytes],
    ['auth', { ...before.auth, mode: '', pathKeys: '' }, { ...after.auth, mode: '', pathKeys: '' }],
    ['metrics', before.http.metrics, after.http.metrics],
    ['traces', before.traces, after.traces],
    ['store', before.store, after.store],
    ['ledger', before.ledger, after.ledger],
    ['log', { ...before.log, bodies: null }, { ...after.log, bodies: null }],
  ]
  return parts.filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b)).map(([name]) => name)
}

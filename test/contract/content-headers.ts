type Headers = readonly (readonly [name: string, value: string])[]

/** About the connection or the moment, not about the content. */
const PASSING = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])
/** What Corral adds: which request and which server, and on answers of its own what browsers and SDKs should mind. */
const ADDED = new Set([
  'x-request-id',
  'corral-upstream',
  'corral-model',
  'corral-attempts',
  'corral-error',
  'retry-after',
  'x-should-retry',
  'content-security-policy',
  'referrer-policy',
  'x-content-type-options',
])

/** Header fields that say what the body is, sorted, names in lower case. */
export function contentHeaders(headers: Headers, without: readonly string[] = []): string[] {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !PASSING.has(name) && !without.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
    .toSorted()
}

/** The same of an answer that came through Corral. */
export function relayedHeaders(headers: Headers, without: readonly string[] = []): string[] {
  return contentHeaders(headers, [...ADDED, ...without])
}

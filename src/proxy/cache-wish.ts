import { headerValues, type RawHeaders } from '../lib/raw-headers.ts'

/** `fresh`: not out of a cache, though it may go into one. `none`: neither. */
export type CacheWish = 'any' | 'fresh' | 'none'

/** What the client says of caches (RFC 9111 section 5.2.1); what else it may say there is not honoured. */
export function cacheWish(headers: RawHeaders): CacheWish {
  const values = headerValues(headers, 'cache-control')
  if (values.length === 0) return 'any'
  const directives = values
    .join(',')
    .split(',')
    .map((each) => each.trim().toLowerCase())
  if (directives.includes('no-store')) return 'none'
  return directives.includes('no-cache') || directives.includes('max-age=0') ? 'fresh' : 'any'
}

/** Fields of every answer that Corral makes itself; answers of an upstream pass as they are. */
export function securityHeaders(tls: boolean): readonly string[] {
  return tls ? OVER_TLS : PLAIN
}

const PLAIN: readonly string[] = Object.freeze([
  ...['x-content-type-options', 'nosniff'],
  ...['referrer-policy', 'no-referrer'],
  ...['content-security-policy', "frame-ancestors 'none'"],
])

/** RFC 6797 section 7.2: only over a secure transport. */
const OVER_TLS: readonly string[] = Object.freeze([...PLAIN, 'strict-transport-security', 'max-age=31536000'])

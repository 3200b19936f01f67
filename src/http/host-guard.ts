import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

export interface HostGuardSettings {
  readonly auth: { readonly mode: 'keys' | 'none'; readonly nonePublic: boolean }
  readonly http: { readonly listen: readonly { readonly host: string }[]; readonly corsOrigins: readonly string[] }
}

/**
 * Whether a Host header may be served. With keys any name will do; without them a web page whose name was re-bound to
 * this address (CVE-2024-28224) must not be served: only loopback, own addresses, names that were configured.
 */
export function createHostGuard({ auth, http }: HostGuardSettings): (host: string | undefined) => boolean {
  if (auth.mode === 'keys' || auth.nonePublic) return () => true
  const names = new Set(['localhost', ...http.listen.map((address) => address.host.toLowerCase())])
  for (const origin of http.corsOrigins) if (URL.canParse(origin)) names.add(new URL(origin).hostname.toLowerCase())
  return (host) => {
    const name = hostName(host ?? '')
    return names.has(name) || name.endsWith('.localhost') || (isIP(name) !== 0 && isOwnAddress(name))
  }
}

function hostName(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']')).toLowerCase()
  return host.replace(/:\d*$/, '').toLowerCase()
}

function isOwnAddress(address: string): boolean {
  if (address.startsWith('127.') || address === '::1') return true
  return Object.values(networkInterfaces()).some((list) => list?.some((each) => each.address === address))
}

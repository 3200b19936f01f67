import { networkInterfaces } from 'node:os'
import { isLoopbackHost, type ListenAddress } from '../http/listen-address.ts'
import type { HttpSettings } from '../http/settings.ts'
import type { Terminal } from './terminal.ts'

/** Where this machine finds the gateway that the settings describe. */
export function gatewayUrl(http: Pick<HttpSettings, 'listen' | 'tls'>): string {
  const [first] = http.listen
  return addressUrl(http, { host: localHost(first?.host ?? '127.0.0.1'), port: first?.port ?? 0 })
}

/** Where somebody elsewhere is told to find it; says so where nobody can. */
export function reachableUrl(
  terminal: Terminal,
  http: Pick<HttpSettings, 'listen' | 'tls'>,
  given: { readonly url?: string; readonly server?: string },
): string {
  const url = given.url ?? given.server ?? sharedGatewayUrl(http)
  if (url !== undefined) return url.replace(/\/+$/, '')
  terminal.say(
    'The gateway listens on this machine alone: give --url where it is reached from elsewhere, or change listen',
  )
  return gatewayUrl(http)
}

/** Where other machines find it; undefined when it listens on loopback alone. */
export function sharedGatewayUrl(http: Pick<HttpSettings, 'listen' | 'tls'>): string | undefined {
  const open = http.listen.find((address) => !isLoopbackHost(address.host))
  if (open === undefined) return undefined
  const host = isWildcard(open.host) ? outerAddresses()[0] : open.host
  return host === undefined ? undefined : addressUrl(http, { host, port: open.port })
}

/** Addresses of this machine that others can reach it by, IPv4 first. Link-local ones need a zone and are left out. */
export function outerAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const outer = all.filter((address) => !address.internal && !/^(fe80:|169\.254\.)/i.test(address.address))
  return outer.toSorted((one, other) => one.family.localeCompare(other.family)).map((address) => address.address)
}

function addressUrl(http: Pick<HttpSettings, 'tls'>, { host, port }: ListenAddress): string {
  return `${http.tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function localHost(host: string): string {
  return isWildcard(host) ? '127.0.0.1' : host
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === ''
}

import { BlockList, isIP } from 'node:net'
import { headerValues, type RawHeaders } from '../lib/raw-headers.ts'

/** Where a request came from, as far as somebody trustworthy knows. */
export interface ClientOrigin {
  readonly address: string
  /** Whether the bytes came encrypted, or never left this machine. */
  readonly confidential: boolean
}

export interface PeerResolver {
  /** Once for each connection. The result is asked once for each request. */
  peer(remoteAddress: string | undefined, encrypted: boolean): (headers: RawHeaders) => ClientOrigin
}

/**
 * X-Forwarded-For counts only when the peer is a trusted proxy, and is read from the right: each trusted hop vouches
 * for the one before it, and the first address that nobody trusted vouches for is the client. What stands further left
 * the client wrote itself.
 */
export function createPeerResolver(trustedProxies: readonly string[]): PeerResolver {
  const trusted = toBlockList(trustedProxies)
  const isTrusted = (address: string) => trustedProxies.length > 0 && matches(trusted, address)

  function peer(remoteAddress: string | undefined, encrypted: boolean): (headers: RawHeaders) => ClientOrigin {
    const address = normaliseAddress(remoteAddress ?? '')
    const direct: ClientOrigin = { address, confidential: encrypted || isLoopback(address) }
    if (!isTrusted(address)) return () => direct
    return (headers) => {
      const forwarded = headerValues(headers, 'x-forwarded-for')
      const protocol = headerValues(headers, 'x-forwarded-proto')
      if (forwarded.length === 0 && protocol.length === 0) return direct
      return { address: clientOf(forwarded, address, isTrusted), confidential: saysHttps(protocol) }
    }
  }

  return { peer }
}

/** An IPv4 address in IPv6 clothes becomes plain, a zone is dropped. */
export function normaliseAddress(address: string): string {
  const lower = address.toLowerCase().replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(lower)
  return mapped?.[1] ?? lower
}

const LOOPBACK = toBlockList(['127.0.0.0/8', '::1'])

function isLoopback(address: string): boolean {
  return matches(LOOPBACK, address)
}

function matches(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function toBlockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [network = '', bits] = entry.split('/')
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(network, family)
    else list.addSubnet(network, Number(bits), family)
  }
  return list
}

function clientOf(forwarded: readonly string[], peer: string, isTrusted: (address: string) => boolean): string {
  const hops = forwarded.join(',').split(',')
  let client = peer
  for (let i = hops.length - 1; i >= 0 && isTrusted(client); i -= 1) {
    const hop = addressOf(hops[i] ?? '')
    if (isIP(hop) === 0) break
    client = hop
  }
  return client
}

/** `1.2.3.4`, `1.2.3.4:5`, `[::1]`, `[::1]:5`, `::1`. */
function addressOf(hop: string): string {
  const text = hop.trim()
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)
  if (bracketed !== null) return normaliseAddress(bracketed[1] ?? '')
  return normaliseAddress(/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text)
}

/** Every hop that speaks must have seen https. */
function saysHttps(protocol: readonly string[]): boolean {
  const words = protocol.join(',').split(',')
  return words.every((word) => word.trim().toLowerCase() === 'https')
}

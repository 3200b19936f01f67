import dns from 'node:dns'
import net from 'node:net'

/**
 * Finds a host's addresses and takes none that is private, link-local or loopback: whoever rules a name shall not lead
 * the gateway, and the key it carries, to a machine of the house. Asked for each connection, so that a name that changes
 * its mind is found out.
 */
export const lookUpPublic: net.LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '')
    const inner = addresses.find(({ address }) => isPrivateAddress(address))
    if (inner !== undefined) return callback(new PrivateAddress(hostname, inner.address), '')
    const [first] = addresses
    if (options.all === true || first === undefined) return callback(null, addresses)
    callback(null, first.address, first.family)
  })
}

/** `fault` may be shown: it holds names of the config and addresses of the DNS, no credentials. */
class PrivateAddress extends Error {
  readonly code = 'ERR_PRIVATE_ADDRESS'
  readonly fault: string

  constructor(hostname: string, address: string) {
    const fault = `${hostname} leads to ${address}, a private address: set allow_private if that is meant`
    super(fault)
    this.name = 'PrivateAddress'
    this.fault = fault
  }
}

export function isPrivateAddress(address: string): boolean {
  return privateNets.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** RFC 6890 and its registry, as far as a router of the internet would not carry it. IPv4 in IPv6 is checked as IPv4. */
const privateNets = new net.BlockList()
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  privateNets.addSubnet(address, prefix, 'ipv4')
}
for (const [address, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  privateNets.addSubnet(address, prefix, 'ipv6')
}

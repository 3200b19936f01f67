import { isIP } from 'node:net'
import { z } from 'zod'
import { byteSize, duration, filePath, listOf, parsed, section, settingFacts } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'
import { isLoopbackHost, parseListenAddress, type ListenAddress } from './listen-address.ts'

export type { ListenAddress }

export interface HttpSettings {
  readonly listen: readonly ListenAddress[]
  /** PEM text, read when the config was loaded. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Addresses and CIDRs whose X-Forwarded-For counts. */
  readonly trustedProxies: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly drainMs: number
  readonly bodyBytes: number
  readonly bodiesTotalBytes: number
}

const wantedListen = 'HOST:PORT such as 127.0.0.1:11435, or a list of them'
const wantedOrigin = 'an origin such as https://app.example.com, or *'
const wantedNetwork = 'an address or CIDR such as 10.0.0.0/8'

const listen = z
  .union([z.string(), z.int(), z.array(z.string()).min(1).max(64)], { error: wantedListen })
  .transform((written, context) => {
    const texts = Array.isArray(written) ? written : [String(written)]
    const addresses = texts.flatMap((text) => parseListenAddress(text.trim()) ?? [])
    if (addresses.length === texts.length) return addresses
    context.addIssue({ code: 'custom', message: wantedListen })
    return z.NEVER
  })
  .register(settingFacts, {
    description:
      'Where the gateway listens: `HOST:PORT`, or a list. Port 0 takes any free port; `:PORT` is every address, a port alone is loopback.',
    list: true,
  })
  .prefault('127.0.0.1:11435')

export const httpSlice = {
  listen,
  tls: section('Serve HTTPS on every listen address.', {
    cert: filePath('PEM file with the certificate chain.'),
    key: filePath('PEM file with the private key.'),
  }).optional(),
  trusted_proxies: listOf(parsed(parseNetwork, wantedNetwork, 'An address or CIDR.'), {
    fallback: [],
    wanted: `a list of ${wantedNetwork}`,
    description: 'Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count: addresses and CIDRs.',
  }),
  cors: section('Web pages that may call the gateway.', {
    origins: listOf(parsed(parseOrigin, wantedOrigin, 'An origin.'), {
      fallback: [],
      wanted: `a list of ${wantedOrigin}`,
      description: 'Origins that may read answers; `*` is all.',
    }),
  }).prefault({}),
  drain: duration('30s', 'How long running streams may go on after SIGTERM.', { maxMs: 86_400_000 }),
  limits: section('How much a request may take.', {
    body: byteSize('64MB', 'Largest JSON body. Blobs are streamed through without a limit.', {
      minBytes: 1024,
      maxBytes: 2 ** 30,
    }),
    bodies_total: byteSize('256MB', 'All buffered bodies together; more are answered with 503.', {
      minBytes: 1024,
      maxBytes: 2 ** 40,
    }),
  }).prefault({}),
}

export function toHttpSettings(raw: z.output<z.ZodObject<typeof httpSlice>>, context: SettingsContext): HttpSettings {
  const seen = new Set<string>()
  for (const { host, port } of raw.listen) {
    if (port !== 0 && seen.has(`${host}:${port}`)) context.problem(['listen'], `names ${host}:${port} twice`)
    seen.add(`${host}:${port}`)
  }
  if (raw.limits.bodies_total < raw.limits.body) {
    context.problem(['limits', 'bodies_total'], 'is less than limits.body, so that the largest body would never fit')
  }
  return {
    listen: raw.listen,
    tls: raw.tls === undefined ? null : readTls(raw.tls, context),
    trustedProxies: raw.trusted_proxies,
    corsOrigins: raw.cors.origins,
    drainMs: raw.drain,
    bodyBytes: raw.limits.body,
    bodiesTotalBytes: raw.limits.bodies_total,
  }
}

/** The first address that others can reach, or undefined. */
export function publicListenAddress(settings: HttpSettings): ListenAddress | undefined {
  return settings.listen.find(({ host }) => !isLoopbackHost(host))
}

/** Whether a URL leads to the gateway that has these settings. */
export function isOwnAddress(settings: HttpSettings, url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : url.port)
  return settings.listen.some((own) => {
    if (own.port !== port) return false
    if (own.host === host) return true
    return isLoopbackHost(host) && (isLoopbackHost(own.host) || own.host === '0.0.0.0' || own.host === '::')
  })
}

function readTls(written: { cert: string; key: string }, context: SettingsContext): HttpSettings['tls'] {
  const cert = readPem(written.cert, { name: 'cert', holds: 'CERTIFICATE' }, context)
  const key = readPem(written.key, { name: 'key', holds: 'PRIVATE KEY' }, context)
  return { cert, key }
}

function readPem(path: string, { name, holds }: { name: string; holds: string }, context: SettingsContext): string {
  const pem = context.readText(path, ['tls', name])
  if (pem !== undefined && !new RegExp(`-----BEGIN [A-Z ]*${holds}-----`).test(pem)) {
    context.problem(['tls', name], `names a file that holds no PEM ${holds.toLowerCase()}`)
  }
  return pem ?? ''
}

function parseNetwork(text: string): string | undefined {
  const [address = '', bits, more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || more !== undefined) return undefined
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))) return undefined
  return text.toLowerCase()
}

function parseOrigin(text: string): string | undefined {
  return text === '*' || /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/i.test(text) ? text.toLowerCase() : undefined
}

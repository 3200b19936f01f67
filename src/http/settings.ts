import { isIP } from 'node:net'
import { z } from 'zod'
import { byteSize, duration, filePath, listOf, section, setting, toggle } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'
import { limitsShape } from '../limits/settings.ts'
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
  /** A listener of its own for the metrics, without a key; null: there is none. */
  readonly metrics: { readonly address: ListenAddress; readonly isPublic: boolean } | null
}

const listen = setting(
  z.union([
    z.string(),
    z.int(),
    z
      .array(z.union([z.string(), z.int()]))
      .min(1)
      .max(64),
  ]),
  (written) => {
    const texts = [written].flat().map((text) => String(text).trim())
    const addresses = texts.flatMap((text) => parseListenAddress(text) ?? [])
    return addresses.length === texts.length ? addresses : undefined
  },
  {
    wanted: 'HOST:PORT such as 127.0.0.1:11435, or a list of them',
    description:
      'Where the gateway listens: `HOST:PORT` or a list. Port 0 is any free one; `:PORT` every address, a port alone loopback.',
    list: true,
  },
)

const metricsListen = setting(
  z.union([z.string(), z.int()]),
  (written) => {
    const text = String(written).trim()
    return /(?:^|:)\d+$/.test(text) ? parseListenAddress(text) : undefined
  },
  {
    wanted: 'HOST:PORT such as 127.0.0.1:9464',
    description: 'Serve `/metrics` here too, without a key and apart from everything else: `HOST:PORT`.',
  },
)

const trustedProxies = listOf(
  setting(z.string(), parseNetwork, { wanted: 'an address or CIDR such as 10.0.0.0/8', description: 'A network.' }),
  {
    wanted: 'a list of addresses and CIDRs',
    description: 'Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count: addresses and CIDRs.',
  },
)

const origins = listOf(
  setting(z.string(), parseOrigin, {
    wanted: 'an origin such as https://app.example.com, or *',
    description: 'An origin.',
  }),
  { wanted: 'a list of origins', description: 'Origins that may read answers; `*` is all.' },
)

export const httpSlice = {
  listen: listen.prefault('127.0.0.1:11435'),
  tls: section('Serve HTTPS on every listen address.', {
    cert: filePath('PEM file with the certificate chain.'),
    key: filePath('PEM file with the private key.'),
  }).optional(),
  trusted_proxies: trustedProxies.prefault([]),
  cors: section('Web pages that may call the gateway.', { origins: origins.prefault([]) }).prefault({}),
  drain: duration({
    description: 'How long running streams may go on after SIGTERM.',
    maxMs: 86_400_000,
  }).prefault('30s'),
  limits: section('How much a request, a key or a model may take.', {
    body: byteSize({
      description: 'Largest JSON body. Blobs are streamed through without a limit.',
      minBytes: 1024,
      maxBytes: 2 ** 30,
    }).prefault('64MB'),
    bodies_total: byteSize({
      description: 'All buffered bodies together; what would exceed it is answered with 503.',
      minBytes: 1024,
      maxBytes: 2 ** 40,
    }).prefault('256MB'),
    ...limitsShape,
  }).prefault({}),
  metrics: section('What Prometheus reads. `/metrics` is always there, for keys with the scope `metrics`.', {
    listen: metricsListen.optional(),
    public: toggle('Whether `listen` may be an address beyond loopback, open to anyone.').prefault('off'),
  }).prefault({}),
}

type RawHttp = z.output<z.ZodObject<typeof httpSlice>>

export function toHttpSettings(raw: RawHttp, context: SettingsContext): HttpSettings {
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
    metrics: toMetricsListener(raw, context),
  }
}

function toMetricsListener({ metrics, listen }: RawHttp, context: SettingsContext): HttpSettings['metrics'] {
  const address = metrics.listen
  if (address === undefined) return null
  const { host, port } = address
  if (!isLoopbackHost(host) && !metrics.public) {
    const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    const advice = 'set metrics.public if that is meant, or let Prometheus send a key with the scope metrics'
    context.problem(['metrics', 'listen'], `is ${where}, where anyone could read the metrics: ${advice}`)
  }
  if (port !== 0 && listen.some((other) => other.host === host && other.port === port)) {
    context.problem(['metrics', 'listen'], 'is where the gateway itself listens: choose another port')
  }
  return { address, isPublic: metrics.public }
}

/** The first address that others can reach, or undefined. */
export function publicListenAddress(settings: HttpSettings): ListenAddress | undefined {
  return settings.listen.find(({ host }) => !isLoopbackHost(host))
}

/** Whether a URL leads to a gateway that listens there. */
export function isOwnAddress(listen: HttpSettings['listen'], url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : url.port)
  return listen.some((own) => {
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

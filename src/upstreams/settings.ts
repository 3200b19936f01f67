import { Buffer } from 'node:buffer'
import { z } from 'zod'
import {
  duration,
  filePath,
  memorySize,
  secret,
  secretFile,
  section,
  setting,
  settingFacts,
  slotCount,
  table,
  toggle,
  wholeNumber,
} from '../lib/setting.ts'
import { readSecret, type SettingPath, type SettingsContext } from '../lib/settings-context.ts'
import { Secret } from '../lib/secret.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { type ProviderSettings, providerShape, publicUrl, toProviderSettings } from './provider-settings.ts'
import { toWakeSettings, type WakeSettings, wakeSection } from './wake-settings.ts'

export interface UpstreamSettings {
  readonly name: string
  /** http or https, without credentials, query or a final slash; may have a path prefix. */
  readonly url: string
  /** Lower is preferred. */
  readonly priority: number
  readonly enabled: boolean
  /** Sent with every request; credentials of the URL, or of username and password, are among them. */
  readonly headers: RawHeaders
  /** PEM text. */
  readonly ca: string | null
  /** Slower health probes make it less preferred. */
  readonly maxResponseTimeMs: number | null
  /** Models that take more than this are not sent there. Null: no limit. */
  readonly memoryBytes: number | null
  /** Requests that one loaded model answers at a time. Null: learnt. */
  readonly slots: number | null
  /** Null: it is an Ollama. */
  readonly provider: ProviderSettings | null
  readonly wake: WakeSettings | null
}

const name = setting(z.string(), (text) => (/^[a-z0-9][\w.-]{0,63}$/i.test(text) ? text : undefined), {
  wanted: 'a name of up to 64 letters, digits or . _ -, beginning with a letter or digit',
  description: 'What it is called in logs, keys and assignments.',
})

const url = setting(z.string(), parseUpstreamUrl, {
  wanted: 'a URL such as http://10.0.0.5:11434, without query',
  description:
    'Where it is; a path prefix and basic credentials may be part of it. Of a provider with its version path: https://api.example.com/v1.',
})

const priority = wholeNumber({ description: 'Lower is preferred.', min: 0, max: 1000 })

const headers = table(z.string(), {
  wanted: 'a section of header names, each with text as its value',
  description: 'Headers sent with every request to it, credentials for instance.',
  secret: true,
})

const username = setting(z.string(), (text) => (/^[^:\r\n]+$/.test(text) ? text : undefined), {
  wanted: 'text without a colon',
  description: 'User for basic authentication.',
})

const upstream = section('A model server.', {
  name,
  type: providerShape.type,
  url: url.optional(),
  priority: priority.prefault(1),
  enabled: toggle('Whether it is used at all.').prefault('on'),
  headers: headers.optional(),
  ca: filePath('PEM file with the certificate authority to trust for it.').optional(),
  username: username.optional(),
  password: secret('Password for basic authentication.'),
  password_file: secretFile('password'),
  api_key: providerShape.api_key,
  api_key_file: providerShape.api_key_file,
  models: providerShape.models,
  allow_private: providerShape.allow_private,
  memory: memorySize(
    'Memory it has for models: none that takes more is sent there, unless it is assigned. Left out, there is no limit.',
  ).optional(),
  slots: slotCount(
    'Requests that one loaded model answers at a time, its `OLLAMA_NUM_PARALLEL`; `auto` learns it.',
  ).prefault('auto'),
  max_response_time: duration({ description: 'Slower health probes make it less preferred.', minMs: 1 }).optional(),
  wake: wakeSection.optional(),
})

export const upstreamsSlice = {
  upstreams: z
    .array(upstream)
    .max(1000)
    .register(settingFacts, {
      wanted: 'a list of at most 1000 upstreams, each with a name and a url',
      description:
        'The model servers. Left out, it is the Ollama that OLLAMA_URL, OLLAMA_HOST or the default port leads to; `[]` is none.',
    })
    .optional(),
}

type RawUpstream = z.output<typeof upstream>

export function toUpstreamSettings(
  { upstreams = [] }: z.output<z.ZodObject<typeof upstreamsSlice>>,
  context: SettingsContext,
): readonly UpstreamSettings[] {
  const taken = new Set<string>()
  return upstreams.map((raw, index) => {
    const at = ['upstreams', index]
    // Names end up in logs and in `corral-upstream`; two that differ in case only would be told apart by nobody.
    if (taken.has(raw.name.toLowerCase())) context.problem([...at, 'name'], `is "${raw.name}", which is taken already`)
    taken.add(raw.name.toLowerCase())
    const provider = toProviderSettings(raw, at, context)
    return {
      name: raw.name,
      url: urlOf(raw, at, context),
      priority: raw.priority,
      enabled: raw.enabled,
      headers: toHeaders(raw, at, context),
      provider,
      wake: raw.wake === undefined ? null : toWakeSettings(raw.wake),
      ca: raw.ca === undefined ? null : readAuthority(raw.ca, [...at, 'ca'], context),
      maxResponseTimeMs: raw.max_response_time ?? null,
      memoryBytes: raw.memory ?? null,
      slots: raw.slots,
    }
  })
}

function urlOf(raw: RawUpstream, at: SettingPath, context: SettingsContext): string {
  const url = raw.url?.url ?? publicUrl(raw.type)
  if (url !== null) return url
  // Without it, and switched off, the url may have been left to a variable that is not set.
  if (raw.enabled) context.problem(at, 'has no url: say where it is')
  return NOWHERE
}

/** RFC 2606: never the name of a host. */
const NOWHERE = 'http://url.invalid'

interface UpstreamUrl {
  readonly url: string
  readonly credentials: { readonly username: string; readonly password: Secret } | null
}

/** Normalised; what stood before the `@` is taken out, so that the URL can be logged. */
export function parseUpstreamUrl(written: string): UpstreamUrl | undefined {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^https?:\/\/[^/]/i.test(written)) return undefined
  if (/[?#\\\s]/.test(written)) return undefined
  const [username, password] = [decode(url.username), decode(url.password)]
  if (username === undefined || password === undefined || username.includes(':')) return undefined
  const path = url.pathname.replace(/\/+$/, '')
  if (path.includes('//')) return undefined
  return {
    url: `${url.protocol}//${url.host}${path}`,
    credentials: username === '' && password === '' ? null : { username, password: new Secret(password) },
  }
}

function decode(component: string): string | undefined {
  try {
    return decodeURIComponent(component)
  } catch {
    return undefined
  }
}

/** The upstream client writes these itself; another value would break framing or routing. */
const reservedHeaders = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive)$/i

function toHeaders(raw: RawUpstream, at: SettingPath, context: SettingsContext): RawHeaders {
  const headers: string[] = []
  for (const [name, value] of Object.entries(raw.headers ?? {})) {
    const headerAt = [...at, 'headers', name]
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) context.problem(headerAt, 'is not the name of a header')
    else if (reservedHeaders.test(name)) context.problem(headerAt, 'is a header that Corral writes itself')
    else if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) context.problem(headerAt, 'holds characters a header cannot')
    else headers.push(name, value)
  }
  const credentials = toCredentials(raw, at, context)
  const hasApiKey = raw.api_key !== undefined || raw.api_key_file !== undefined
  if (hasApiKey && (credentials !== null || headers.some(isCredentialName))) {
    context.problem([...at, 'api_key'], 'is set beside other credentials: keep one of them')
  }
  if (credentials === null) return headers
  if (headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization')) {
    context.problem([...at, 'headers'], 'has an authorization beside a username: keep one of them')
  }
  return [...headers, 'authorization', basic(credentials)]
}

function isCredentialName(name: string, index: number): boolean {
  return index % 2 === 0 && /^(?:authorization|x-api-key)$/i.test(name)
}

function toCredentials(raw: RawUpstream, at: SettingPath, context: SettingsContext): UpstreamUrl['credentials'] {
  const credentials = raw.url?.credentials ?? null
  const password = readSecret({ value: raw.password, file: raw.password_file }, [...at, 'password'], context)
  if (raw.username === undefined) {
    if (password !== null && raw.enabled) context.problem([...at, 'password'], 'needs a username beside it')
    return credentials
  }
  if (credentials !== null)
    context.problem([...at, 'username'], 'is set and so are credentials in the url: keep one of them')
  return { username: raw.username, password: password ?? new Secret('') }
}

/** UTF-8, as RFC 7617 section 2.1 recommends. */
function basic({ username, password }: { username: string; password: Secret }): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64')}`
}

function readAuthority(path: string, at: SettingPath, context: SettingsContext): string | null {
  const pem = context.readText(path, at)
  if (pem !== undefined && !pem.includes('-----BEGIN CERTIFICATE-----')) {
    context.problem(at, 'names a file that holds no PEM certificate')
  }
  return pem ?? null
}

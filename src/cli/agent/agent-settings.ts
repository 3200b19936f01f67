import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { readEnvironment } from '../../config/dot-env.ts'
import { findOllama } from '../../config/ollama-host.ts'
import { isScope, type Scope } from '../../auth/scope.ts'
import { Secret } from '../../lib/secret.ts'
import { parseGatewayUrl } from '../../tunnel/agent/gateway-address.ts'
import type { TransportKind } from '../../tunnel/wire/transport.ts'
import { parseUpstreamUrl } from '../../upstreams/settings.ts'
import { CommandFailure } from '../command-failure.ts'
import type { Terminal } from '../terminal.ts'

export interface AgentOptions {
  readonly server?: string
  readonly key?: string
  readonly keyFile?: string
  readonly ollama?: string
  readonly id?: string
  readonly pool?: string
  readonly transport?: string
  readonly allow?: readonly string[]
  readonly ca?: string
  /** Milliseconds. */
  readonly drain?: number
  readonly check?: boolean
}

export interface AgentSettings {
  readonly serverUrl: string
  readonly key: Secret
  readonly ollamaUrl: string
  readonly ollamaHeaders: readonly string[]
  readonly id: string
  readonly pool: string | null
  readonly transport: TransportKind | 'auto'
  readonly allow: readonly Scope[]
  /** PEM text. */
  readonly ca: string | null
  readonly drainMs: number
}

/** What an agent lets through unless it is told to let through less: the gateway's keys decide who may do what. */
const defaultAllow: readonly Scope[] = ['chat', 'embed', 'models:read', 'models:write']

export const DEFAULT_DRAIN_MS = 30_000

type Variables = Readonly<Record<string, string | undefined>>

/** Flag over environment over `.env` over default. Throws CommandFailure with the one thing to mend. */
export function readAgentSettings(options: AgentOptions, terminal: Terminal): AgentSettings {
  const { variables } = readEnvironment(terminal.env, terminal.cwd)
  const ollama = parseUpstreamUrl(options.ollama ?? findOllama(variables).url)
  if (ollama === undefined) throw usage('--ollama must be the URL of an Ollama, such as http://127.0.0.1:11434')
  const { credentials } = ollama
  return {
    serverUrl: readServer(options, variables),
    key: readKey(options, variables),
    ollamaUrl: ollama.url,
    ollamaHeaders: credentials === null ? [] : ['authorization', basic(credentials)],
    id: readId(options.id ?? variables['AGENT_ID']),
    pool: options.pool ?? variables['AGENT_POOL'] ?? null,
    transport: readTransport(options.transport ?? variables['TRANSPORT'] ?? 'auto'),
    allow: readAllow(options.allow ?? variables['AGENT_ALLOW']?.split(',')),
    ca: readCa(options.ca),
    drainMs: options.drain ?? DEFAULT_DRAIN_MS,
  }
}

function readServer(options: AgentOptions, variables: Variables): string {
  const written = options.server ?? variables['SERVER_URL']
  if (written === undefined) throw usage('Say which gateway to dial: --server https://gateway, or SERVER_URL')
  const url = parseGatewayUrl(written)
  if (url === undefined)
    throw usage('--server must be the URL of a Corral gateway, such as https://gateway.example.com')
  return url
}

function readKey(options: AgentOptions, variables: Variables): Secret {
  const file = options.keyFile ?? variables['AUTH_TOKEN_FILE']
  const given = options.key ?? variables['CORRAL_AGENT_KEY'] ?? variables['AUTH_TOKEN']
  const text = options.key === undefined && file !== undefined ? readText(file, '--key-file').trim() : given
  if (text === undefined || text === '') {
    throw usage('An agent needs a key: --key, --key-file or AUTH_TOKEN ("corral key create NAME --agent" makes one)')
  }
  if (!/^[\x21-\x7e]+$/.test(text)) throw usage('The key holds characters that no key has: copy it again')
  return new Secret(text)
}

function readId(written: string | undefined): string {
  const id =
    written ??
    hostname()
      .split('.')[0]
      ?.replace(/[^\w.-]/g, '-') ??
    ''
  if (/^[a-z0-9][\w.-]{0,63}$/i.test(id)) return id
  throw usage('--id must be a name of up to 64 letters, digits or . _ -, beginning with a letter or digit')
}

function readTransport(written: string): AgentSettings['transport'] {
  if (written === 'ws' || written === 'sse' || written === 'auto') return written
  throw usage(`--transport must be ws, sse or auto, not ${JSON.stringify(written)}`)
}

function readAllow(written: readonly string[] | undefined): readonly Scope[] {
  const names = written?.flatMap((text) => text.split(',')).map((text) => text.trim())
  if (names === undefined) return defaultAllow
  return names.map((name) => {
    if (isScope(name) && defaultAllow.includes(name)) return name
    throw usage(`--allow takes ${defaultAllow.join(', ')}, not ${JSON.stringify(name)}`)
  })
}

function readCa(path: string | undefined): string | null {
  if (path === undefined) return null
  const pem = readText(path, '--ca')
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw usage(`--ca names ${JSON.stringify(path)}, which holds no PEM certificate`)
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw usage(`${option} names ${JSON.stringify(path)}, which cannot be read (${code})`)
  }
}

/** UTF-8, as RFC 7617 section 2.1 recommends. */
function basic({ username, password }: { readonly username: string; readonly password: Secret }): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64')}`
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: 2 })
}

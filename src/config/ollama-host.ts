import type { Variables } from './interpolate.ts'

export interface FoundOllama {
  readonly url: string
  /** The variable it was found by; null: Ollama's default. */
  readonly variable: string | null
}

const DEFAULT_PORT = '11434'

/** The Ollama that the variables of Ollama's own tools lead to. */
export function findOllama(variables: Variables): FoundOllama {
  const { OLLAMA_URL: url, OLLAMA_HOST: host, OLLAMA_PORT: port } = variables as Partial<Record<string, string>>
  if (url !== undefined) return { url: ollamaUrl(url, port), variable: 'OLLAMA_URL' }
  if (host !== undefined) return { url: ollamaUrl(host, port), variable: 'OLLAMA_HOST' }
  return { url: ollamaUrl('', port), variable: port === undefined ? null : 'OLLAMA_PORT' }
}

/**
 * As the `ollama` command reads OLLAMA_HOST (envconfig.Host): trimmed and unquoted, the host ends at the first `/`,
 * the port follows the scheme, and an address to listen on means this machine.
 */
function ollamaUrl(written: string, defaultPort = DEFAULT_PORT): string {
  const text = written
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()
  const [, givenScheme, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? []
  const slash = rest.indexOf('/')
  const authority = slash === -1 ? rest : rest.slice(0, slash)
  const path = slash === -1 ? '' : rest.slice(slash).replace(/\/+$/, '')
  const isCloud = givenScheme === undefined && authority === 'ollama.com'
  const scheme = givenScheme?.toLowerCase() ?? (isCloud ? 'https' : 'http')
  const credentials = authority.slice(0, authority.lastIndexOf('@') + 1)
  const { host, port } = splitAuthority(authority.slice(credentials.length))
  const implied = givenScheme === undefined && !isCloud ? `:${defaultPort}` : ''
  return `${scheme}://${credentials}${reachableHost(host)}${port === undefined ? implied : `:${port}`}${path}`
}

function splitAuthority(authority: string): { host: string; port: string | undefined } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(authority)
  // More than one colon and no brackets: an IPv6 address.
  if (match === null) return { host: `[${authority}]`, port: undefined }
  return { host: match[1] ?? '', port: match[2] === '' ? undefined : match[2] }
}

function reachableHost(host: string): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1'
  return host === '[::]' ? '[::1]' : host
}

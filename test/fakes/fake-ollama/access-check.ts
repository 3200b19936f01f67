import { isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import type { HeaderList } from './answer.ts'

const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'User-Agent',
  'Accept',
  'X-Requested-With',
  'Openai-Beta',
  ...['Arch', 'Async', 'Custom-Poll-Interval', 'Helper-Method', 'Lang', 'Os', 'Package-Version', 'Poll-Helper'].map(
    stainless,
  ),
  ...['Retry-Count', 'Runtime', 'Runtime-Version', 'Timeout'].map(stainless),
].join(',')
const LOCAL_ORIGIN =
  /^(https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?|(app|file|tauri|vscode-webview|vscode-file):\/\/.*)$/

export type Access =
  | { readonly kind: 'allowed'; readonly headers: HeaderList }
  | { readonly kind: 'denied' }
  | { readonly kind: 'preflight'; readonly headers: HeaderList }

/** Ollama's middleware: CORS first, then the check of Host against DNS rebinding. */
export function checkAccess(request: IncomingMessage, hostCheck: boolean): Access {
  const { origin, host } = request.headers
  let headers: HeaderList = []
  if (origin !== undefined && origin !== `http://${host ?? ''}` && origin !== `https://${host ?? ''}`) {
    if (!LOCAL_ORIGIN.test(origin)) return { kind: 'denied' }
    if (request.method === 'OPTIONS') return { kind: 'preflight', headers: preflightHeaders(origin) }
    headers = [
      ['Access-Control-Allow-Origin', origin],
      ['Vary', 'Origin'],
    ]
  }
  if (hostCheck && !isLocalHost(host ?? '')) return { kind: 'denied' }
  return { kind: 'allowed', headers }
}

function preflightHeaders(origin: string): HeaderList {
  return [
    ['Access-Control-Allow-Headers', ALLOWED_HEADERS],
    ['Access-Control-Allow-Methods', 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS'],
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Max-Age', '43200'],
    ['Vary', 'Origin'],
    ['Vary', 'Access-Control-Request-Method'],
    ['Vary', 'Access-Control-Request-Headers'],
  ]
}

function isLocalHost(field: string): boolean {
  const name = field
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  if (isIP(name) !== 0) return isPrivateAddress(name)
  if (name === '' || name === 'localhost' || name === hostname().toLowerCase()) return true
  return /\.(localhost|local|internal)$/.test(name)
}

function isPrivateAddress(address: string): boolean {
  return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|0\.0\.0\.0$|::1?$|f[cd])/.test(address)
}

function stainless(name: string): string {
  return `X-Stainless-${name}`
}
